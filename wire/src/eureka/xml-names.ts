/**
 * XStream's way to make any text an element name (`XmlFriendlyNameCoder`): `_` is doubled, `$` is `_-`, and whatever may
 * not stand in a name is `_.` with four hex digits.
 */
export function xmlName(key: string): string {
  if (/^[A-Za-z][A-Za-z0-9.-]*$/.test(key)) return key;
  let name = "";
  for (let i = 0; i < key.length; i++) {
    const char = key.charAt(i);
    if (char === "_") name += "__";
    else if (char === "$") name += "_-";
    else if (/[A-Za-z]/.test(char) || (i > 0 && /[0-9.-]/.test(char))) name += char;
    else name += `_.${key.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return name;
}

/** The text behind a name made by {@link xmlName}. */
export function keyOfXmlName(name: string): string {
  if (!name.includes("_")) return name;
  return name.replaceAll(/__|_-|_\.([0-9a-fA-F]{4})/g, (match, hex: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return match === "__" ? "_" : "$";
  });
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#xd;",
};

/** Text as it stands between tags; what no XML 1.0 document may hold becomes U+FFFD. */
export function xmlText(text: string): string {
  if (!/[&<>"'\p{Cc}\p{Cs}\uFFFE\uFFFF]/u.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(/[&<>"'\r]/g, (char) => escapes[char] ?? char)
    .replaceAll(/[\p{Cc}\uFFFE\uFFFF]/gu, (char) => (isXmlChar(char) ? char : "\uFFFD"));
}

/** Of control characters and non-characters: may it stand in XML 1.0? */
function isXmlChar(char: string): boolean {
  return char === "\t" || char === "\n" || (char >= "\x7F" && char < "\uFFFE");
}
