import { badFlag } from './parsed.ts'

/**
 * A file of `--env-file` or `--label-file`: `NAME=value` or `NAME` on each line, taken as it is, without quotation marks
 * or interpolation; `#` begins a comment line.
 */
export function parseKeyValueFile(text: string, file: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map(line => line.trimStart())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const [name = ''] = line.split('=', 1)
      if (name === '') throw badFlag(`invalid line in ${file}: no variable name on line '${line}'`)
      if (/\s/.test(name)) throw badFlag(`invalid line in ${file}: variable '${name}' contains whitespaces`)
      return line
    })
}

/** `NAME` alone takes the value it has here; where it has none, it takes the image's variable away. */
export const resolveVariables = (
  variables: readonly string[],
  shell: Readonly<Record<string, string | undefined>>,
): string[] =>
  variables.map(variable =>
    variable.includes('=') || shell[variable] === undefined ? variable : `${variable}=${shell[variable]}`,
  )
