import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pullImage } from '../../compose/apply/transfer.ts'
import type { ContainerCreateRequest, Engine } from '../../engine/api.ts'
import { proxyVariables } from '../../engine/client/proxies.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { readText } from '../input-file.ts'
import { openProgress } from '../progress/progress.ts'
import type { CreateFlags } from './flags.ts'
import { badFlag } from './parsed.ts'
import { type Attached, createRequest } from './request.ts'

/** What flags say, with the files that they name. */
export function requestOf(
  cli: Cli,
  image: string,
  words: readonly string[],
  flags: CreateFlags,
  attached: Attached,
): ContainerCreateRequest {
  const read = (file: string) => readText(cli, file)
  return createRequest(image, words, flags, attached, {
    ...{ cwd: cli.cwd, env: cli.env, read },
    proxies: proxyVariables(cli.env),
  })
}

/** Makes a container, and fetches its image if that is missing and may be fetched. @returns its id */
export async function makeContainer(
  cli: Cli,
  engine: Engine,
  flags: CreateFlags,
  request: ContainerCreateRequest,
): Promise<string> {
  const { name, pull, platform = cli.env.DOCKER_DEFAULT_PLATFORM || undefined, quiet = false } = flags
  if (!['always', 'missing', 'never'].includes(pull)) throw badFlag(`invalid pull option: '${pull}'`)
  using undo = new DisposableStack()
  // The file is there before the container: an id that could not be written down would be lost.
  const cidfile = flags.cidfile === undefined ? undefined : path.resolve(cli.cwd, flags.cidfile)
  if (cidfile !== undefined) {
    claimCidfile(cidfile)
    undo.defer(() => rmSync(cidfile, { force: true }))
  }
  const fetch = async () => {
    await using progress = await openProgress(cli, { quiet })
    const image = { image: request.Image, ...(platform !== undefined && { platform }) }
    const step = { op: 'pullImage', ...image, services: [], required: true } as const
    await pullImage(engine, step, quiet ? () => {} : progress.report, cli.signal)
  }
  if (pull === 'always') await fetch()
  const create = () => engine.containerCreate(name, request, platform)
  const { Id, Warnings } = await create().catch(async error => {
    if (!isImageMissing(error) || pull !== 'missing') throw error
    if (!quiet) cli.stderr.write(`Unable to find image '${request.Image}' locally\n`)
    await fetch()
    return await create()
  })
  undo.move()
  for (const warning of Warnings) cli.stderr.write(`WARNING: ${warning}\n`)
  if (cidfile !== undefined) writeFileSync(cidfile, Id)
  return Id
}

const isImageMissing = (error: unknown): boolean =>
  error instanceof TscomposeError && error.code === 'ENGINE_IMAGE_NOT_FOUND'

function claimCidfile(file: string): void {
  try {
    writeFileSync(file, '', { flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw badFlag(`cannot write ${file}: ${cause}`)
    throw badFlag(`container ID file found, make sure the other container isn't running or delete ${file}`)
  }
}
