import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Project, Service } from './project.ts'

/** The texts of a service's seccomp profiles, which the API takes instead of their paths; relative to the project. */
export async function readSeccompProfiles(
  { workingDir }: Project,
  { securityOpt }: Service,
): Promise<Map<string, string>> {
  const profiles = new Map<string, string>()
  for (const option of securityOpt) {
    const [, file] = /^seccomp[=:](.*)$/.exec(option) ?? []
    if (file !== undefined && file !== 'unconfined' && file !== 'builtin')
      profiles.set(file, await readFile(path.resolve(workingDir, file), 'utf8'))
  }
  return profiles
}
