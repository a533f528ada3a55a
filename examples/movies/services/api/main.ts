import { client, serve } from "holdfast";
import { apiHandler } from "./handler.ts";

const backends = {
  catalog: client("catalog"),
  ratings: client("ratings"),
  recommendations: client("recommendations"),
  users: client("users"),
};
const who = {
  instance: process.env["HOLDFAST_INSTANCE_ID"] ?? "alone",
  zone: process.env["HOLDFAST_ZONE"] ?? "nowhere",
};

await serve({ name: "api", handler: apiHandler(backends, who) });
