import { invalid } from '../../failures.ts'
import type { BuildkitDoor } from '../buildkit/door.ts'
import { type Call, type Route, route } from '../router.ts'

/** HTTP/2 without TLS: what BuildKit's gRPC goes over. */
const PROTOCOL = 'h2c'

function checkUpgrade({ headers }: Call): void {
  const asked = headers.upgrade
  if (asked?.toLowerCase() !== PROTOCOL)
    throw invalid(`protocol ${asked ?? 'HTTP/1.1'} not supported: ask for ${PROTOCOL}`)
}

/** @param open loaded with the first client of BuildKit: most engines never see one */
export const buildkitRoutes = (open: () => Promise<BuildkitDoor>): readonly Route[] => [
  route('POST', '/grpc', async call => {
    checkUpgrade(call)
    return { kind: 'upgrade', protocol: PROTOCOL, serve: (await open()).control(call.engine) }
  }),
  route('POST', '/session', async call => {
    checkUpgrade(call)
    return { kind: 'upgrade', protocol: PROTOCOL, serve: (await open()).session(call.headers) }
  }),
]
