import type { ReactNode } from "react";

function Icon({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <svg
      width="18"
      height="18"
      viewBox="0 0 18 18"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.600"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export function HomeIcon(): ReactNode {
  return (
    <Icon>
      <path d="M2.500 15.500V7L9 2.500 15.500 7v8.500h-4.300v-4.800H6.800v4.800z" />
    </Icon>
  );
}

export function ServicesIcon(): ReactNode {
  return (
    <Icon>
      <path d="M2.500 4h13M2.500 9h13M2.500 14h13" />
      <path d="M5.500 2.500v3M11.500 7.500v3M7.500 12.500v3" />
    </Icon>
  );
}

export function InstancesIcon(): ReactNode {
  return (
    <Icon>
      <path d="M2.500 2.500h5v5h-5zM10.500 2.500h5v5h-5zM2.500 10.500h5v5h-5zM10.500 10.500h5v5h-5z" />
    </Icon>
  );
}

export function ClustersIcon(): ReactNode {
  return (
    <Icon>
      <path d="M2.500 6.500h10v9h-10z" />
      <path d="M5.500 6.500v-4h10v9h-3" />
    </Icon>
  );
}

export function CapacityIcon(): ReactNode {
  return (
    <Icon>
      <path d="M2.500 3h13v4.500h-13zM2.500 10.500h13V15h-13z" />
      <path d="M5 5.250h.01M5 12.750h.01M8.500 5.250h4M8.500 12.750h4" />
    </Icon>
  );
}

export function ZonesIcon(): ReactNode {
  return (
    <Icon>
      <circle cx="4" cy="4.500" r="2.200" />
      <circle cx="14" cy="4.500" r="2.200" />
      <circle cx="9" cy="13.500" r="2.200" />
      <path d="M6.200 4.500h5.600M5.200 6.500l2.700 5M12.800 6.500l-.8 1.500" />
    </Icon>
  );
}

export function DiscoveryIcon(): ReactNode {
  return (
    <Icon>
      <circle cx="9" cy="9" r="2" />
      <path d="M5.200 12.800a5.400 5.400 0 0 1 0-7.600M12.800 5.200a5.400 5.400 0 0 1 0 7.600" />
      <path d="M2.700 15.300a8.900 8.900 0 0 1 0-12.600M15.300 2.700a8.900 8.900 0 0 1 0 12.600" />
    </Icon>
  );
}

export function ResilienceIcon(): ReactNode {
  return (
    <Icon>
      <path d="M9 2 15 4.500v4.700c0 3.300-2.500 5.700-6 6.800-3.500-1.100-6-3.500-6-6.800V4.500z" />
      <path d="m6.200 9 2 2 3.600-4" />
    </Icon>
  );
}

export function TracesIcon(): ReactNode {
  return (
    <Icon>
      <path d="M2 4h8M5 9h7M9 14h7" />
    </Icon>
  );
}

export function ConfigIcon(): ReactNode {
  return (
    <Icon>
      <path d="M2 5h7m4 0h3M2 13h3m4 0h7" />
      <circle cx="11" cy="5" r="2" />
      <circle cx="7" cy="13" r="2" />
    </Icon>
  );
}

export function ActivityIcon(): ReactNode {
  return (
    <Icon>
      <path d="M1.500 9h3l2.500-6 4 12 2.500-6h3" />
    </Icon>
  );
}
