import type { HostConfig } from '../../engine/api.ts'
import { badFlag } from './parsed.ts'

/**
 * `--security-opt`. A seccomp profile is sent with its contents, for the engine reads no file of the user's.
 * @param read the contents of a file
 */
export function parseSecurityOptions(
  options: readonly string[],
  read: (file: string) => string,
): Pick<HostConfig, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'> {
  const kept = options.filter(option => option !== 'systempaths=unconfined')
  const list = kept.map(option => {
    const [, name = option, value] = /^([a-z-]+)[=:](.*)$/s.exec(option) ?? []
    if (value === undefined && name !== 'no-new-privileges') throw badFlag(`invalid --security-opt: "${option}"`)
    if (name !== 'seccomp' || value === 'unconfined' || value === 'builtin') return option
    return `seccomp=${compactJson(read(value ?? ''), value ?? '')}`
  })
  return {
    ...(list.length > 0 && { SecurityOpt: list }),
    ...(kept.length < options.length && { MaskedPaths: [], ReadonlyPaths: [] }),
  }
}

function compactJson(text: string, file: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch (cause) {
    throw badFlag(`compacting json for seccomp profile (${file}) failed: ${(cause as Error).message}`)
  }
}
