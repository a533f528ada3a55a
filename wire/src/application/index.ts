export { demandDefaults } from "./hosts.ts";
export {
  type Application,
  type ApplicationFault,
  type ApplicationInput,
  type ApplicationParse,
  applicationJsonSchema,
  applicationSchema,
  parseApplication,
  type ServiceDefinition,
} from "./schema.ts";
