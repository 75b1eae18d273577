/** Each hides what follows its first group up to the end of the value. */
const secrets = [
  /(inline:)[^|;\s]+/gi, // a=crypto (RFC 4568 §9.1), also inside a=acap (RFC 5939)
  /(a=ice-pwd:)[^\r\n]*/gi,
  /(a=fingerprint:(?:[\w-]+ )?)[^\r\n]*/gi,
  /(a=key-mgmt:(?:\w+ )?)[^\r\n]*/gi, // RFC 4567
  /(a=identity:)[^\r\n]*/gi, // RFC 8827 §5
  /(^k=)[^\r\n]*/gim, // RFC 8866 §5.12: obsolete, and still a key
]

/** Text that holds SDP, fit for logs and timelines: SRTP keys, ICE passwords and fingerprints become `***`. */
export function maskSecrets (text: string): string {
  return secrets.reduce((masked, secret) => masked.replace(secret, '$1***'), text)
}
