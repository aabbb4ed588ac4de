import { randomUUID } from 'node:crypto'
import { notSupported } from '../../failures.ts'
import { checkFrontend } from './attributes.ts'
import type { Builds, RunningBuild } from './builds.ts'
import { bridgeSolveRequest, bridgeSolveResponse, pong, returnRequest } from './messages/bridge.ts'
import { nothing } from './messages/control.ts'
import { type GrpcCall, type Method, unary } from './rpc/server.ts'
import { GrpcError, grpcCodes } from './rpc/status.ts'

/** What the bridge can do (gateway, caps.go); what is not in here no client asks for. */
const capabilities = ['solve.base', 'solve.inlinereturn', 'return', 'proto.refarray', 'frontend.caps']

/**
 * The calls of a client that drives its build: it has frontends run, and returns the result of one. Nothing is done before
 * that, as with BuildKit, whose results are only promises, too.
 */
export function bridgeMethods(builds: Builds): ReadonlyMap<string, Method> {
  const buildOf = ({ headers }: GrpcCall): RunningBuild =>
    builds.find(String(headers['buildkit-controlapi-buildid'] ?? ''))
  const methods: Readonly<Record<string, Method>> = {
    Ping: unary(nothing, pong, async () => ({
      FrontendAPICaps: capabilities.map(ID => ({ ID, Enabled: true })),
    })),
    Solve: unary(bridgeSolveRequest, bridgeSolveResponse, async (request, call) => {
      const { Definition, Frontend, FrontendOpt, FrontendInputs } = request
      if (Definition.length > 0) throw notSupported('a build from an LLB definition: only Dockerfiles are built')
      if (FrontendInputs.size > 0) throw notSupported('a build with frontend inputs: only Dockerfiles are built')
      checkFrontend(Frontend, FrontendOpt)
      const id = randomUUID()
      buildOf(call).frontends.set(id, FrontendOpt)
      return { result: { ref: { id } } }
    }),
    Return: unary(returnRequest, nothing, async ({ result, error }, call) => {
      const { decided, frontends } = buildOf(call)
      const id = result?.ref?.id ?? ''
      const frontend = frontends.get(id)
      if (error) decided.reject(new GrpcError(error.code, error.message))
      else if (id === '' && !result?.refs) decided.resolve({})
      else if (frontend) decided.resolve({ frontend })
      else decided.reject(new GrpcError(grpcCodes.UNIMPLEMENTED, 'a build has one result, that of a Dockerfile'))
      return {}
    }),
  }
  return new Map(
    Object.entries(methods).map(([name, method]) => [`/moby.buildkit.v1.frontend.LLBBridge/${name}`, method]),
  )
}
