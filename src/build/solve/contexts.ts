import { TscomposeError } from '../../errors.ts'
import type { BuildContext } from '../context/context.ts'
import { openArchiveContext, openDirectoryContext, openEmptyContext, openRemoteContext } from '../context/index.ts'
import type { ContextSource } from '../request.ts'
import type { Build } from './build.ts'

/** @param dockerfile its path in the context, for the ignore file that goes with it */
export async function openContext(
  source: ContextSource,
  dockerfile: string,
  temporary: () => Promise<string>,
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
  }
}

/** A context of files that an instruction names. */
export async function openNamedContext(build: Build, name: string): Promise<BuildContext> {
  const source = build.plan.request.contexts.get(name)
  if (!source || source.kind === 'image' || source.kind === 'layout')
    throw new TscomposeError('BUILD_CONTEXT_UNKNOWN', `there is no build context "${name}"`)
  return await openContext(source, 'Dockerfile', () => build.newDirectory(), build.signal)
}
