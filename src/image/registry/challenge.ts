/** What a registry wants to be shown: an item of WWW-Authenticate (RFC 9110, 11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Parses `Bearer realm="https://auth.example/token",service="registry"`, several of them too. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = []
  const item = /([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+)))?/g
  for (const [, name = '', quoted, plain] of header.matchAll(item)) {
    const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1')
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: {} })
    else {
      const challenge = challenges.at(-1)
      if (challenge) challenge.parameters[name.toLowerCase()] = value
    }
  }
  return challenges
}
