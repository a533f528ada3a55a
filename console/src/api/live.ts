import { createContext, useContext, useSyncExternalStore } from "react";
import type { LiveFeed } from "./live-feed.ts";
import type { LiveState } from "./live-state.ts";

export const LiveContext = createContext<LiveFeed | undefined>(undefined);

/** The page's one feed. */
export function useLiveFeed(): LiveFeed {
  const feed = useContext(LiveContext);
  if (feed === undefined) throw new Error("no LiveContext above this component");
  return feed;
}

export function useLiveState(): LiveState {
  const feed = useLiveFeed();
  return useSyncExternalStore(feed.subscribe, feed.state);
}
