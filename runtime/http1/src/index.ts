export { type BodyReader, bodyReader } from "./body-reader.ts";
export { Fields } from "./fields.ts";
export { framing } from "./framing.ts";
export { MessageRefused, type RefusalCode } from "./http1-error.ts";
export { limitsOf, type MessageLimits, messageLimits } from "./limits.ts";
export { parseRequestHead, type RequestHead } from "./request-head.ts";
export { parseResponseHead, type ResponseHead } from "./response-head.ts";
