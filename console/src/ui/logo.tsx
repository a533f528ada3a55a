import type { ReactNode } from "react";

/** Kelp that holds on to its rock. */
export function Logo({ size }: { readonly size: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path d="M3 29c1.300-4.200 5.200-6.600 9.500-6.600h7c4.300 0 8.200 2.400 9.500 6.600z" fill="#8fa8a0" />
      <path
        d="M16 23.500c-4.800-3.900 4.300-7.100 0-11.500-3-3-.7-6.500.5-8.600"
        fill="none"
        stroke="#4fd1a5"
        strokeWidth="2.400"
        strokeLinecap="round"
      />
      <path
        d="M14.900 19c-4.100.7-6.900-1.100-7.800-4.700 3.900-.5 6.900 1.100 7.800 4.700zM17.400 16.200c.2-3.900 2.700-6.100 6.700-6.100.1 3.900-2.600 6.300-6.700 6.100zM15.100 10.700c-3.400.1-5.500-1.700-6-4.900 3.400 0 5.700 1.700 6 4.900z"
        fill="#4fd1a5"
      />
    </svg>
  );
}
