import "./styles/mantine.css";
import "./styles/tokens.css";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { isRefused } from "./api/http.ts";
import { LiveContext } from "./api/live.ts";
import { LiveFeed } from "./api/live-feed.ts";
import { preloadPages, router } from "./router.tsx";
import { theme } from "./theme.ts";
import { NoticesProvider } from "./ui/notices.tsx";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The event stream keeps data fresh; without it the queries poll.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 1 && !isRefused(error),
      retryDelay: 500,
    },
  },
});
const feed = new LiveFeed(queries);
feed.start();

const place = document.getElementById("root");
if (place === null) throw new Error("index.html has no #root");
createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <LiveContext value={feed}>
          <NoticesProvider>
            <RouterProvider router={router} />
          </NoticesProvider>
        </LiveContext>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);

addEventListener("load", () => {
  // Once the first page stands; what does not come now comes when it is asked for.
  setTimeout(() => void preloadPages().catch(() => {}), 1_500);
});
