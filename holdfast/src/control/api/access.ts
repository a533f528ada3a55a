import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, PlatformError } from "@holdfast/kernel";
import { operatorAddress, routerAddress } from "@holdfast/wire";
import { sessionCookie } from "@holdfast/wire/control/paths";

const codeLivesMs = 10 * 60_000;
const sessionLivesMs = 7 * 24 * 60 * 60_000;
const codesMax = 100;

/** What of a request decides whether it is let in. */
export interface AccessRequest {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
}

/**
 * Who may call: the command line with the token of the state directory, the console with a cookie that it got for a
 * one-time code. Pages of other sites are kept out by the Host header (DNS rebinding), the Origin header and the cookie's
 * SameSite. Cookies are signed with the token, so they outlive a restart of control; codes do not.
 */
export class Access {
  readonly #clock: Clock;
  readonly #token: string;
  readonly #hosts = new Set<string>();
  /** Code → wall time of its end. */
  readonly #codes = new Map<string, number>();
  /** Browsers keep cookies by host, not by port: each stack's console has a name of its own. */
  #cookie = "";

  constructor(clock: Clock, token: string, port: number) {
    this.#clock = clock;
    this.#token = token;
    this.allowPort(port);
  }

  /** The port that callers name, where it was not known before listening. */
  allowPort(port: number): void {
    this.#cookie = `${sessionCookie}_${port}`;
    this.#hosts.clear();
    for (const host of [operatorAddress, "localhost", routerAddress]) this.#hosts.add(`${host}:${port}`);
  }

  /**
   * Refuses a request that was sent under another name or by a page of another site.
   *
   * @throws PlatformError `HOST_REFUSED` (421), `ORIGIN_REFUSED` (403).
   */
  checkSender(request: AccessRequest): void {
    const [own] = this.#hosts;
    if (request.host === undefined || !this.#hosts.has(request.host.toLowerCase())) {
      throw new PlatformError("HOST_REFUSED", `the Host header names ${request.host ?? "nothing"}, not this server`, {
        status: 421,
        next: `use http://${own}`,
      });
    }
    if (request.origin === undefined || this.#hosts.has(request.origin.replace(/^http:\/\//, ""))) return;
    throw new PlatformError("ORIGIN_REFUSED", `a page of ${request.origin} may not call this server`, { status: 403 });
  }

  /** @throws PlatformError `UNAUTHENTICATED` (401) without the token or a session. */
  checkCaller(request: AccessRequest): void {
    if (this.isBearer(request) || this.hasSession(request)) return;
    throw new PlatformError("UNAUTHENTICATED", "this needs the token of the state directory or a session", {
      status: 401,
      next: "holdfast open",
    });
  }

  isBearer(request: AccessRequest): boolean {
    const match = /^Bearer (\S+)$/i.exec(request.authorization ?? "");
    return match?.[1] !== undefined && sameText(match[1], this.#token);
  }

  hasSession(request: AccessRequest): boolean {
    const value = cookieValue(request.cookie, this.#cookie);
    const [until, signature] = value?.split(".") ?? [];
    if (until === undefined || signature === undefined || Number(until) < this.#clock.wallMs()) return false;
    return sameText(signature, this.#sign(until));
  }

  /** A code that opens one session within ten minutes. */
  newCode(): string {
    const nowMs = this.#clock.wallMs();
    for (const [code, untilMs] of this.#codes) {
      if (untilMs < nowMs || this.#codes.size >= codesMax) this.#codes.delete(code);
    }
    const code = randomBytes(16).toString("hex");
    this.#codes.set(code, nowMs + codeLivesMs);
    return code;
  }

  /**
   * Exchanges a code for the value of a `Set-Cookie` header.
   *
   * @throws PlatformError `CODE_REFUSED` (401) for one that was used, is too old or never was.
   */
  openSession(code: string): string {
    const untilMs = this.#codes.get(code);
    this.#codes.delete(code);
    if (untilMs === undefined || untilMs < this.#clock.wallMs()) {
      throw new PlatformError("CODE_REFUSED", "this login link was used already or is older than ten minutes", {
        status: 401,
        next: "holdfast open",
      });
    }
    const until = String(this.#clock.wallMs() + sessionLivesMs);
    const seconds = sessionLivesMs / 1_000;
    return `${this.#cookie}=${until}.${this.#sign(until)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}`;
  }

  #sign(until: string): string {
    return createHmac("sha256", this.#token).update(`session ${until}`).digest("hex");
  }
}

/** Takes the same time whatever the texts share; their hashes have one length. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(";") ?? []) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}
