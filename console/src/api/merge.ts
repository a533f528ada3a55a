import type { ActivityView } from "@holdfast/wire/control";

/** The page keeps so many activities; older ones are in the API. */
export const activitiesMax = 500;

/** `known` with `news` laid over it by id, newest first. The same object when nothing changed. */
export function mergeActivities(
  known: readonly ActivityView[] | undefined,
  news: readonly ActivityView[],
): readonly ActivityView[] {
  if (known !== undefined && news.length === 0) return known;
  const byId = new Map((known ?? []).map((activity) => [activity.id, activity]));
  for (const activity of news) byId.set(activity.id, activity);
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, activitiesMax);
}
