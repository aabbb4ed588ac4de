import { resolve } from 'node:path'
import { absoluteCache } from '../../compose/build/cache-spec.ts'
import type { ImageBuildRequest } from '../../engine/api.ts'
import { proxyVariables } from '../../engine/client/proxies.ts'
import { badFlag, pair, pairs, some } from '../create/parsed.ts'
import { parseUlimit } from '../create/resources.ts'
import { bytesOf, bytesOrUnlimited } from '../create/sizes.ts'
import { isRemote } from './context.ts'
import type { ImageBuildFlags } from './flags.ts'
import { secretOf, sshOf } from './secrets.ts'

interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** What the engine is asked for, but for the context. @throws TscomposeError CLI_FLAG */
export function buildRequest(flags: ImageBuildFlags, place: Place): ImageBuildRequest {
  refuse(flags)
  const { cwd, env } = place
  const platforms = (flags.platform ?? [env.DOCKER_DEFAULT_PLATFORM ?? '']).flatMap(text => text.split(','))
  return {
    ...some('Target', flags.target),
    BuildArgs: { ...proxyVariables(env), ...buildArgs(flags.buildArg, env) },
    Labels: pairsOrNames(flags.label),
    Tags: flags.tag ?? [],
    NoCache: !flags.cache,
    ...some(
      'NoCacheFilter',
      flags.noCacheFilter?.flatMap(text => text.split(',')),
    ),
    Pull: flags.pull ?? false,
    Platforms: platforms.filter(platform => platform !== ''),
    ...some('Annotations', flags.annotation),
    Contexts: Object.fromEntries(
      Object.entries(pairs('--build-context', flags.buildContext ?? [])).map(([name, source]) => [
        name,
        contextSource(source, cwd),
      ]),
    ),
    Secrets: Object.fromEntries((flags.secret ?? []).map(text => secretOf(text, place))),
    SSH: Object.fromEntries((flags.ssh ?? []).map(text => sshOf(text, place))),
    ...some('NetworkMode', flags.network),
    ExtraHosts: flags.addHost ?? [],
    ...some('ShmSize', flags.shmSize === undefined ? undefined : bytesOf(flags.shmSize)),
    Ulimits: (flags.ulimit ?? []).map(parseUlimit),
    Resources: {
      ...some('Memory', flags.memory === undefined ? undefined : bytesOf(flags.memory)),
      ...some('MemorySwap', flags.memorySwap === undefined ? undefined : bytesOrUnlimited(flags.memorySwap)),
      ...some('CpuPeriod', flags.cpuPeriod),
      ...some('CpuQuota', flags.cpuQuota),
      ...some('CpuShares', flags.cpuShares),
      ...some('CpusetCpus', flags.cpusetCpus),
      ...some('CpusetMems', flags.cpusetMems),
    },
    Entitlements: (flags.allow ?? []).flatMap(text => text.split(',')),
    ...some(
      'CacheFrom',
      flags.cacheFrom?.map(text => absoluteCache(text, cwd)),
    ),
    ...some(
      'CacheTo',
      flags.cacheTo?.map(text => absoluteCache(text, cwd)),
    ),
    ...(isCheck(flags) && { Check: true }),
  }
}

/** `--check`, or the same by its longer name. */
function isCheck({ check = false, call = 'build' }: ImageBuildFlags): boolean {
  const [method] = call.split(',', 1)
  if (method !== 'build' && method !== 'check' && method !== 'lint')
    throw badFlag(`--call ${call} is not supported: build and check are`)
  return check || method !== 'build'
}

/** `NAME=value`; `NAME` alone takes its value from the environment, and is nothing where there is none. */
export const buildArgs = (texts: readonly string[] = [], env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    texts.flatMap(text => {
      if (text.includes('=')) return [pair(text)]
      const value = env[text]
      return value === undefined ? [] : [[text, value] as const]
    }),
  )

const pairsOrNames = (texts: readonly string[] = []): Record<string, string> => Object.fromEntries(texts.map(pair))

function contextSource(source: string, cwd: string): string {
  if (source.startsWith('docker-image://') || isRemote(source)) return source
  const [, layout] = /^oci-layout:\/\/(.*)$/.exec(source) ?? []
  return layout === undefined ? resolve(cwd, source) : `oci-layout://${resolve(cwd, layout)}`
}

/** What docker has a flag for and this builder has not is an error: silence would be a wrong image. */
function refuse(flags: ImageBuildFlags): void {
  const { attest, cgroupParent, isolation, securityOpt, squash } = flags
  refuseAttestations(flags)
  if (attest) throw badFlag('--attest is not supported: images are made without attestations')
  if (cgroupParent) throw badFlag('--cgroup-parent is not supported: use --memory and --cpu-quota')
  if (isolation !== undefined && isolation !== 'default') throw badFlag(`--isolation ${isolation} is not supported`)
  if (securityOpt) throw badFlag('--security-opt is not supported: use --allow security.insecure')
  if (squash) throw badFlag('--squash is not supported: copy what is to remain into a last stage')
}

/** @throws TscomposeError CLI_FLAG unless none are wanted */
export function refuseAttestations(flags: Pick<ImageBuildFlags, 'provenance' | 'sbom'>): void {
  for (const flag of ['provenance', 'sbom'] as const) {
    const value = flags[flag]
    if (value !== undefined && !/^(?:disabled=true|false|0)$/.test(value))
      throw badFlag(`--${flag}=${value} is not supported: images are made without attestations. Use --${flag}=false`)
  }
}
