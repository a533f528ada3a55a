/** Where an instance of ours keeps in Eureka's metadata what Eureka has no field for. `zone` and `management.port` are Spring Cloud's. */
export const eurekaOwnKeys = {
  zone: "zone",
  region: "region",
  adminPort: "management.port",
  application: "holdfast.application",
  cluster: "holdfast.cluster",
  serverGroup: "serverGroup",
  verifiesIdentity: "holdfast.verifies-identity",
  incarnation: "holdfast.incarnation",
  version: "holdfast.version",
} as const;
