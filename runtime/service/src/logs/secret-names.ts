/** Parts of names that hold what nobody may read: of fields, properties, variables, headers and parameters of a query. */
const parts = [
  "passw(?:or)?d",
  "passphrase",
  "passcode",
  "secret",
  "token",
  "authorization",
  "cookie",
  "credential",
  "api[-_.]?key",
  "private[-_.]?key",
  "access[-_.]?key",
  "signing[-_.]?key",
  "encryption[-_.]?key",
  "signature",
  "session[-_.]?id",
  "otlp[-_.]headers",
];

export const secretNamePart: string = parts.join("|");
const secretName = new RegExp(secretNamePart, "i");

/** True for a name such as `db.password`, `apiKey`, `HOLDFAST_INSTANCE_TOKEN` or `set-cookie`. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}
