import { boolean, bytes, integer, map, message, nested, repeated, string } from '../rpc/protobuf.ts'

/**
 * The service `moby.buildkit.v1.frontend.LLBBridge` (gateway.proto), by which buildx drives a build from its side: it asks
 * for a frontend to be run, and returns one of the results as that of the build.
 */

/** `def` is a pb.Definition: only whether there is one matters. */
const ref = message({ id: string(1), def: bytes(2) })
const result = message({
  refDeprecated: string(1),
  refsDeprecated: bytes(2),
  ref: nested(3, ref),
  refs: nested(4, message({ refs: map(1, number => nested(number, ref)) })),
})

export const bridgeSolveRequest = message({
  Definition: bytes(1),
  Frontend: string(2),
  FrontendOpt: map(3, string),
  Final: boolean(10),
  FrontendInputs: map(13, bytes),
})
export const bridgeSolveResponse = message({ ref: string(1), result: nested(3, result) })

const capability = message({ ID: string(1), Enabled: boolean(2) })
export const pong = message({ FrontendAPICaps: repeated(nested(1, capability)) })

/** google.rpc.Status */
export const rpcStatus = message({
  code: integer(1),
  message: string(2),
  details: repeated(nested(3, message({ type_url: string(1), value: bytes(2) }))),
})
export const returnRequest = message({ result: nested(1, result), error: nested(2, rpcStatus) })
