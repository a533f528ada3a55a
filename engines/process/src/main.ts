import { agentMain } from "./agent/agent-main.ts";

agentMain();
