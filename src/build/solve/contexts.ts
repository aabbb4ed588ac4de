import { TscomposeError } from '../../errors.ts'
import type { BuildContext } from '../context/context.ts'
import {
  openArchiveContext,
  openClientContext,
  openDirectoryContext,
  openEmptyContext,
  openRemoteContext,
} from '../context/index.ts'
import type { Progress } from '../progress.ts'
import type { ContextSource } from '../request.ts'
import type { Build } from './build.ts'

interface Opening {
  /** What progress calls it. */
  readonly name: string
  /** The path of the Dockerfile in the context, for the ignore file that goes with it. */
  readonly dockerfile: string
  /** Makes a directory. */
  readonly temporary: () => Promise<string>
  readonly progress: Progress
}

export async function openContext(
  source: ContextSource,
  { name, dockerfile, temporary, progress }: Opening,
  signal: AbortSignal,
): Promise<BuildContext> {
  switch (source.kind) {
    case 'directory':
      return await openDirectoryContext(source.path, dockerfile)
    case 'archive':
      return await openArchiveContext(source.stream, dockerfile, await temporary(), signal)
    case 'remote':
      return await openRemoteContext(source.url, dockerfile, await temporary(), signal)
    case 'empty':
      return await openEmptyContext(await temporary())
    case 'client':
      return await openClientContext(await temporary(), (directory, only) =>
        progress.during(name, step =>
          source.load(directory, only, bytes => step.transfer('transferring context:', bytes), signal),
        ),
      )
  }
}

/** A context of files that an instruction names. */
export async function openNamedContext(build: Build, name: string): Promise<BuildContext> {
  const source = build.plan.request.contexts.get(name)
  if (!source || source.kind === 'image' || source.kind === 'layout')
    throw new TscomposeError('BUILD_CONTEXT_UNKNOWN', `there is no build context "${name}"`)
  const { progress, signal } = build
  const temporary = () => build.newDirectory()
  return await openContext(
    source,
    { name: `[context ${name}] load`, dockerfile: 'Dockerfile', temporary, progress },
    signal,
  )
}
