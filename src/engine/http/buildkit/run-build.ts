import type { Readable } from 'node:stream'
import type { Engine, ImageBuildRequest } from '../../api.ts'
import { notSupported } from '../../failures.ts'
import { defined } from '../query.ts'
import { type Exporter, exportImage, namesHere } from './exporter.ts'
import { GrpcError, toGrpcError } from './rpc/status.ts'
import { buildSession, type SessionNames } from './session/build-session.ts'
import type { ClientSession } from './session/client-session.ts'
import { type Status, Trace } from './trace.ts'

/** A build that a client has asked for, with where the result goes. */
export interface AskedBuild {
  /** The client's name for it. */
  readonly ref: string
  readonly request: ImageBuildRequest
  readonly names: SessionNames
  /** An archive that is the build context. */
  readonly archive?: Readable
  readonly exporter: Exporter
  readonly client: ClientSession
}

/**
 * Carries a build out, and tells what happens; it ends with the client's session at the latest.
 * @returns the id of the image
 * @throws GrpcError
 */
export async function* runBuild(
  engine: Engine,
  { ref, request: asked, names, archive, exporter, client }: AskedBuild,
  signal: AbortSignal,
): AsyncGenerator<Status, string | undefined> {
  const { kind } = exporter
  if ((kind === 'local' || kind === 'tar') && (asked.Platforms?.length ?? 0) > 1)
    throw toGrpcError(notSupported(`an output of type ${kind} for several platforms`))
  const trace = new Trace(ref)
  const until = AbortSignal.any([signal, client.signal])
  const Tags = [...namesHere(exporter)]
  let id: string | undefined
  try {
    const isKept = exporter.kind === 'image' || Tags.length > 0
    const before = isKept ? undefined : new Set((await engine.imageList({ all: true })).map(({ Id }) => Id))
    const input = defined({ session: buildSession(client, names), archive })
    for await (const message of await engine.imageBuild({ ...asked, Tags }, input, until)) {
      if (message.type === 'image') id = message.id
      const status = trace.tell(message)
      if (status) yield status
    }
    if (id === undefined || exporter.kind === 'image') return id
    try {
      if (exporter.kind !== 'nowhere')
        yield* trace.during(nameOf(exporter), exportImage(engine, client, exporter, id, until))
    } finally {
      if (!isKept && !before?.has(id)) await forget(engine, id)
    }
    return id
  } catch (error) {
    if (until.aborted) throw toGrpcError(until.reason)
    const { code, message } = toGrpcError(error)
    throw new GrpcError(code, message, trace.details)
  } finally {
    archive?.destroy()
  }
}

const nameOf = ({ kind }: Exporter): string =>
  kind === 'local' ? 'exporting to client directory' : 'exporting to client tarball'

/** It was there to be taken to the client, unless somebody has taken to it meanwhile. */
async function forget(engine: Engine, id: string): Promise<void> {
  try {
    const { RepoTags } = await engine.imageInspect(id)
    if (RepoTags.length === 0) await engine.imageDelete(id)
  } catch {
    // It is somebody's, or gone already.
  }
}
