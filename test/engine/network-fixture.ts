import { execSync } from 'node:child_process'
import type { ContainerCreateRequest, EndpointSettings } from '../../src/engine/api.ts'
import { defaultConfig } from '../../src/engine/config.ts'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import { Bench } from './fixture.ts'

/**
 * An engine on the real network layer, on a host of its own; everything else in this folder runs on books about networks.
 */
export async function stage(): Promise<{ bench: Bench; engine: LocalEngine; reports: string[] } & AsyncDisposable> {
  execSync('ip link set lo up')
  const bench = await Bench.make()
  const reports: string[] = []
  const engine = await openEngine({
    dataDir: bench.dataDir,
    runDir: bench.runDir,
    config: defaultConfig,
    report: message => reports.push(message),
  })
  return {
    bench,
    engine,
    reports,
    async [Symbol.asyncDispose]() {
      for (const { Id } of await engine.containerList({ all: true })) {
        await engine.containerDelete(Id, { force: true, volumes: true })
      }
      for (const { Id, Name } of await engine.networkList()) {
        if (!['bridge', 'host', 'none'].includes(Name)) await engine.networkDelete(Id)
      }
      await engine[Symbol.asyncDispose]()
      await bench[Symbol.asyncDispose]()
    },
  }
}

export const on = (
  network: string,
  settings: EndpointSettings = {},
  HostConfig = {},
): Partial<ContainerCreateRequest> => ({
  HostConfig: { NetworkMode: network, ...HostConfig },
  NetworkingConfig: { EndpointsConfig: { [network]: settings } },
})
export const addressOf = async (engine: LocalEngine, id: string, network: string) =>
  (await engine.containerInspect(id)).NetworkSettings.Networks[network]?.IPAddress
/** Answers every connection with a word. */
export const serve = (word: string) => ['/bin/busybox', 'nc', '-ll', '-p', '80', '-e', '/bin/echo', word]
/** Asks until somebody answers, who may have to start first. */
export const ask = (host: string, port = '80', patience = 100) => [
  'sh',
  '-c',
  `n=0; until busybox nc -w 1 ${host} ${port} 2> /dev/null; do n=$((n+1)); [ $n -lt ${patience} ] || exit 1; sleep 0.02; done`,
]
