import { hostPlatform } from '../../../image/platform.ts'
import type { Engine } from '../../api.ts'
import { version } from '../../version.ts'
import type { workerRecord } from './messages/control.ts'
import type { Written } from './rpc/protobuf.ts'

/** What clients are told of the one place where builds are carried out. */
export async function workerOf(engine: Engine): Promise<Written<typeof workerRecord>> {
  const gateway = await bridgeGateway(engine)
  const { os, architecture, variant } = hostPlatform
  return {
    ID: 'tscompose',
    Labels: new Map([
      ['org.mobyproject.buildkit.worker.executor', 'tscompose'],
      // It tells buildx that images can be exported as archives, and caches to registries.
      ['org.mobyproject.buildkit.worker.snapshotter', 'overlayfs'],
      ...(gateway ? ([['org.mobyproject.buildkit.worker.moby.host-gateway-ip', gateway]] as const) : []),
    ]),
    platforms: [{ OS: os, Architecture: architecture, ...(variant && { Variant: variant }) }],
    BuildkitVersion: { package: 'tscompose', version },
  }
}

/** What `host-gateway` means in `--add-host`, which clients look up themselves. */
async function bridgeGateway(engine: Engine): Promise<string | undefined> {
  const { IPAM } = await engine.networkInspect('bridge')
  return IPAM.Config?.[0]?.Gateway
}
