import type { Engine } from '../../api.ts'
import { notSupported } from '../../failures.ts'
import { version } from '../../version.ts'
import { type Attributes, cacheText, checkFrontend, requestOfAttributes } from './attributes.ts'
import { bridgeMethods } from './bridge.ts'
import type { Builds, RunningBuild } from './builds.ts'
import { diskUsage, prune } from './cache-usage.ts'
import { parseExporter } from './exporter.ts'
import * as messages from './messages/control.ts'
import type { Read } from './rpc/protobuf.ts'
import { type GrpcCall, type Method, streaming, unary } from './rpc/server.ts'
import { runBuild } from './run-build.ts'
import { openUpload } from './session/calls.ts'
import type { Sessions } from './session/sessions.ts'
import { workerOf } from './worker.ts'

type SolveRequest = Read<typeof messages.solveRequest>

/** What clients of BuildKit call: the service Control, and the bridge by which some drive a build from their side. */
export function controlMethods(engine: Engine, sessions: Sessions, builds: Builds): ReadonlyMap<string, Method> {
  const methods: Readonly<Record<string, Method>> = {
    Solve: unary(messages.solveRequest, messages.solveResponse, async (request, call) => ({
      ExporterResponse: await solve({ engine, sessions, builds }, request, call),
    })),
    Status: streaming(messages.statusRequest, messages.statusResponse, ({ Ref }, { signal }) =>
      builds.find(Ref).statuses(signal),
    ),
    ListWorkers: unary(messages.filterRequest, messages.listWorkersResponse, async () => ({
      record: [await workerOf(engine)],
    })),
    Info: unary(messages.nothing, messages.infoResponse, async () => ({
      buildkitVersion: { package: 'tscompose', version },
    })),
    DiskUsage: unary(messages.filterRequest, messages.diskUsageResponse, async ({ filter }) => ({
      record: await diskUsage(engine, filter),
    })),
    Prune: streaming(messages.pruneRequest, messages.usageRecord, request => prune(engine, request)),
  }
  return new Map([
    ...Object.entries(methods).map(([name, method]) => [`/moby.buildkit.v1.Control/${name}`, method] as const),
    ...bridgeMethods(builds),
  ])
}

interface Door {
  readonly engine: Engine
  readonly sessions: Sessions
  readonly builds: Builds
}

/** Carries out what is asked for, or what the client comes to in a conversation on the bridge. */
async function solve(
  { engine, sessions, builds }: Door,
  request: SolveRequest,
  { signal }: GrpcCall,
): Promise<ReadonlyMap<string, string>> {
  const build = builds.begin(request.Ref)
  try {
    refuseDefinitions(request)
    const exporter = exporterOf(request)
    const attributes = await attributesOf(request, build, signal)
    if (!attributes) return new Map()
    const client = await sessions.find(request.Session, signal)
    const { request: wanted, names, upload } = requestOfAttributes(attributes)
    const { Exports = [] } = request.Cache ?? {}
    const caches = { CacheTo: Exports.map(({ Type, Attrs }) => cacheText(Type, Attrs)) }
    const whole = { ...wanted, ...caches, Entitlements: [...request.Entitlements] }
    const archive = upload && openUpload(client, upload)
    const asked = { ref: request.Ref, request: whole, names, exporter, client, ...(archive && { archive }) }
    const running = runBuild(engine, asked, signal)
    for (;;) {
      const { value, done } = await running.next()
      if (!done) build.tell(value)
      else if (exporter.kind === 'image' && value !== undefined) return responseOf(value, exporter.names)
      else return new Map()
    }
  } finally {
    builds.end(request.Ref, build)
  }
}

/** @throws TscomposeError ENGINE_NOT_SUPPORTED */
function refuseDefinitions({ Definition, FrontendInputs, SourcePolicy }: SolveRequest): void {
  if (Definition.length > 0) throw notSupported('a build from an LLB definition: only Dockerfiles are built')
  if (FrontendInputs.size > 0) throw notSupported('a build with frontend inputs: only Dockerfiles are built')
  if (SourcePolicy.length > 0) throw notSupported('a source policy of a build')
}

function exporterOf({ Exporters, ExporterDeprecated, ExporterAttrsDeprecated }: SolveRequest) {
  if (Exporters.length > 1) throw notSupported('several outputs of a build')
  const [{ Type, Attrs } = { Type: ExporterDeprecated, Attrs: ExporterAttrsDeprecated }] = Exporters
  return parseExporter(Type, Attrs)
}

/** @returns undefined if there is nothing to be built: buildx asks so what the engine can do */
async function attributesOf(
  { Frontend, FrontendAttrs }: SolveRequest,
  build: RunningBuild,
  signal: AbortSignal,
): Promise<Attributes | undefined> {
  if (Frontend !== '') {
    checkFrontend(Frontend, FrontendAttrs)
    return FrontendAttrs
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  aborted.catch(() => {}) // only whoever waits for it
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return (await Promise.race([build.decided.promise, aborted])).frontend
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

const responseOf = (id: string, names: readonly string[]): ReadonlyMap<string, string> =>
  new Map([
    ['containerimage.config.digest', id],
    ['containerimage.digest', id],
    ...(names.length > 0 ? ([['image.name', names.join(',')]] as const) : []),
  ])
