import { client, serve } from "holdfast";
import { apiHandler } from "./handler.ts";
import { warmUp } from "./warm-up.ts";

const backends = {
  catalog: client("catalog"),
  ratings: client("ratings"),
  recommendations: client("recommendations"),
  reviews: client("reviews"),
  users: client("users"),
};
const who = {
  instance: process.env["HOLDFAST_INSTANCE_ID"] ?? "alone",
  zone: process.env["HOLDFAST_ZONE"] ?? "nowhere",
};

await warmUp(backends);
await serve({ name: "api", handler: apiHandler(backends, who) });
