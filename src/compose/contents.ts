import { readFileSync } from 'node:fs'
import path from 'node:path'
import { proxyVariables } from '../engine/client/proxies.ts'
import { TscomposeError } from '../errors.ts'
import type { Project, Service } from './project.ts'
import type { ContainerContext } from './translate/container.ts'
import { handedOver } from './translate/grants.ts'

/**
 * Reads the files of this machine whose contents, not whose paths, go to the engine with the request for a container:
 * seccomp profiles, the secrets and configs that are to have an owner or a mode of their own, and the user's proxies.
 */
export function readContents(
  project: Project,
  service: Service,
): Pick<ContainerContext, 'seccompProfile' | 'fileContents' | 'proxies'> {
  const profiles = new Map<string, string>()
  for (const option of service.securityOpt) {
    const [, file] = /^seccomp[=:](.*)$/.exec(option) ?? []
    if (file !== undefined && file !== 'unconfined' && file !== 'builtin')
      profiles.set(file, readFileSync(path.resolve(project.workingDir, file), 'utf8'))
  }
  const files = new Map<string, Uint8Array>()
  for (const { kind, object } of handedOver(project, service))
    if (object.file !== undefined) files.set(object.file, readGranted(kind, object.key, object.file))
  return {
    seccompProfile: name => profiles.get(name) ?? '',
    fileContents: name => files.get(name) ?? new Uint8Array(),
    proxies: proxyVariables(),
  }
}

function readGranted(kind: string, key: string, file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const what = code === 'EISDIR' ? 'a directory cannot have another uid, gid or mode' : (error as Error).message
    throw new TscomposeError('COMPOSE_SECRET_UNAVAILABLE', `${kind} "${key}": ${what}`, { cause: error })
  }
}
