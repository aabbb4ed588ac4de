import path from 'node:path'
import { parsePorts } from '../../compose/load/syntax/ports.ts'
import { splitCommand } from '../../compose/load/syntax/shell-words.ts'
import { parseVolume } from '../../compose/load/syntax/volumes.ts'
import type { Project, Service, ServicePort, ServiceVolume } from '../../compose/project.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { readEnvFileFlags, resolveEnvironment } from '../environment.ts'
import type { RunFlags } from './flags.ts'

/** The service with what the command line says in place of what the file says. */
export function overridden(
  cli: Cli,
  project: Project,
  service: Service,
  words: readonly string[],
  flags: RunFlags & { readonly tty: boolean },
  stdin: boolean,
): Service {
  const variables = [
    ...readEnvFileFlags(flags.envFromFile ?? [], cli, project),
    ...resolveEnvironment(flags.env ?? [], cli.env, project.environment),
  ]
  const command = words.length > 0 ? [...words] : flags.entrypoint === undefined ? service.command : []
  const volumes = [...(flags.volume ?? []), ...(flags.volumes ?? [])].map(text => toVolume(project, text))
  const replaced = new Set(volumes.map(({ target }) => target))
  return {
    ...service,
    ...(command !== undefined && { command }),
    ...(flags.entrypoint !== undefined && { entrypoint: splitCommand(flags.entrypoint).words }),
    environment: { ...service.environment, ...Object.fromEntries(variables.map(splitAssignment)) },
    labels: { ...service.labels, ...Object.fromEntries((flags.label ?? []).map(toLabel)) },
    capAdd: [...service.capAdd, ...(flags.capAdd ?? [])],
    capDrop: [...service.capDrop, ...(flags.capDrop ?? [])],
    ports: flags.servicePorts ? service.ports : (flags.publish ?? []).flatMap(toPorts),
    volumes: [...service.volumes.filter(({ target }) => !replaced.has(target)), ...volumes],
    tty: flags.tty,
    stdinOpen: stdin,
    ...(flags.user !== undefined && { user: flags.user }),
    ...(flags.workdir !== undefined && { workingDir: flags.workdir }),
  }
}

function splitAssignment(text: string): [string, string] {
  const equals = text.indexOf('=')
  return [text.slice(0, equals), text.slice(equals + 1)]
}

function toLabel(text: string): [string, string] {
  if (!text.includes('=')) throw new TscomposeError('CLI_FLAG', 'label must be set as KEY=VALUE')
  return splitAssignment(text)
}

/** Parses a flag's value; what the parser complains about is told as a mistake in the flag. */
function parsed<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text)
  } catch (error) {
    throw new TscomposeError('CLI_FLAG', (error as Error).message)
  }
}

const toPorts = (text: string): ServicePort[] =>
  parsed(parsePorts, text).map(port => ({ ...port, protocol: port.protocol as ServicePort['protocol'] }))

function toVolume(project: Project, text: string): ServiceVolume {
  const { type, source, target, read_only: readOnly = false, bind, volume } = parsed(parseVolume, text)
  const { create_host_path: createHostPath = true, propagation } = bind ?? {}
  return {
    type,
    target,
    readOnly,
    ...(source !== undefined && { source: type === 'bind' ? path.resolve(project.workingDir, source) : source }),
    ...(type === 'bind' && { bind: { createHostPath, ...(propagation !== undefined && { propagation }) } }),
    ...(volume?.nocopy && { volume: { nocopy: true } }),
  }
}
