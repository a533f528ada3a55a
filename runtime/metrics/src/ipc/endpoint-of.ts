const slash = 0x2f;
const segmentsMax = 3;
const segmentMax = 40;

/**
 * What a path asks for, without whom: its first segments (three at most) up to the first that is no word, since that is an id.
 * `/api/v1/movies/42?x=1` is `/api/v1/movies`, `/` and `/42` are `/`.
 */
export function endpointOf(path: string): string {
  let end = 0;
  for (let segment = 0; segment < segmentsMax; segment++) {
    if (path.charCodeAt(end) !== slash) break;
    const to = wordEnd(path, end + 1);
    const isWord = to > end + 1 && to - end <= segmentMax && isEndOfSegment(path, to);
    if (!isWord) break;
    end = to;
  }
  return end === 0 ? "/" : path.slice(0, end);
}

/** Letters, `-`, `_` and `.`; digits only as in `v1`. */
function wordEnd(path: string, from: number): number {
  let at = from;
  for (; at < path.length; at++) {
    const code = path.charCodeAt(at);
    const lower = code | 0x20;
    const isLetter = lower >= 0x61 && lower <= 0x7a;
    const isVersion = code >= 0x30 && code <= 0x39 && at === from + 1 && (path.charCodeAt(from) | 0x20) === 0x76;
    if (!isLetter && !isVersion && code !== 0x2d && code !== 0x5f && code !== 0x2e) break;
  }
  return at;
}

function isEndOfSegment(path: string, at: number): boolean {
  const code = path.charCodeAt(at);
  return at === path.length || code === slash || code === 0x3f || code === 0x23 || code === 0x3b;
}
