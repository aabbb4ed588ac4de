const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * `overrides` put into `variables`: a variable that is there is replaced in its place, another one is appended, and
 * `NAME` without a value takes the variable away.
 */
export function overrideEnv(variables: readonly string[], overrides: readonly string[]): string[] {
  const result = new Map(variables.map(variable => [nameOf(variable), variable]))
  for (const override of overrides) {
    if (override.includes('=')) result.set(nameOf(override), override)
    else result.delete(override)
  }
  return [...result.values()]
}

const nameOf = (variable: string): string => variable.split('=', 1)[0] ?? ''

/**
 * The environment of a process in a container: Docker's own variables, those of links, those of the container, then
 * `HOME` unless somebody has set it.
 */
export function processEnvironment({
  env,
  hostname,
  linked = [],
  terminal,
  home,
}: {
  readonly env: readonly string[]
  readonly hostname: string
  readonly linked?: readonly string[]
  readonly terminal: boolean
  readonly home: string
}): string[] {
  const own = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`, ...(terminal ? ['TERM=xterm'] : []), ...linked]
  const merged = overrideEnv(own, env)
  return merged.some(variable => variable.startsWith('HOME=')) ? merged : [...merged, `HOME=${home}`]
}
