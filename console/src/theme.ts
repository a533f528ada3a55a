import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** Kelp in the light that reaches it: deep green to sea foam. */
const kelp: MantineColorsTuple = [
  "#e6f7f0",
  "#d0ede2",
  "#a4dcc6",
  "#74caa8",
  "#4dba8f",
  "#2f9f78",
  "#1c8465",
  "#106a55",
  "#0b5546",
  "#073f35",
];

/** Wet rock: the greys of dark mode. */
const dark: MantineColorsTuple = [
  "#dbe7e2",
  "#b4c6bf",
  "#93a9a1",
  "#61766f",
  "#33463f",
  "#263832",
  "#172521",
  "#111c19",
  "#0c1614",
  "#08100e",
];

export const theme = createTheme({
  primaryColor: "kelp",
  primaryShade: { light: 7, dark: 6 },
  colors: { kelp, dark },
  defaultRadius: "md",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  respectReducedMotion: true,
  cursorType: "pointer",
});
