import type { Hook, Service, ServiceNetwork, ServicePort, ServiceVolume } from '../project.ts'
import type { Canonical } from './model/shape.ts'
import { given } from './project-builder.ts'
import { parseDuration } from './syntax/duration.ts'

type Texts = Readonly<Record<string, string>>

const texts = (value: unknown): readonly string[] => (value ?? []) as readonly string[]
const table = (value: unknown): Texts => (value ?? {}) as Texts
const text = (value: unknown): string | undefined => (value === undefined ? undefined : String(value))
const bytes = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value))
const list = (value: unknown): readonly Canonical[] => (value ?? []) as readonly Canonical[]
const number = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value))

/** Milliseconds. */
const duration = (value: unknown): number | undefined =>
  value === undefined ? undefined : Number(parseDuration(String(value))) / 1e6

/** Turns a service in canonical form into the typed one. */
export function buildService(name: string, c: Canonical): Service {
  const deploy = (c.deploy ?? {}) as Canonical
  return given({
    name,
    image: c.image as string | undefined,
    build: c.build as Canonical | undefined,
    attach: c.attach !== false,
    command: c.command as readonly string[] | undefined,
    entrypoint: c.entrypoint as readonly string[] | undefined,
    containerName: c.container_name as string | undefined,
    hostname: c.hostname as string | undefined,
    domainname: c.domainname as string | undefined,
    user: c.user as string | undefined,
    groupAdd: texts(c.group_add),
    workingDir: c.working_dir as string | undefined,
    environment: (c.environment ?? {}) as Readonly<Record<string, string | null>>,
    labels: table(c.labels),
    annotations: table(c.annotations),
    profiles: texts(c.profiles),
    platform: c.platform as string | undefined,
    pullPolicy: c.pull_policy as string | undefined,
    dependsOn: Object.fromEntries(
      Object.entries((c.depends_on ?? {}) as Record<string, Canonical>).map(([key, value]) => [
        key,
        { condition: value.condition, restart: value.restart === true, required: value.required !== false },
      ]),
    ),
    restart: restartPolicy(c, deploy),
    stopSignal: c.stop_signal as string | undefined,
    stopGracePeriod: duration(c.stop_grace_period),
    healthcheck: c.healthcheck === undefined ? undefined : healthcheck(c.healthcheck as Canonical),
    preStart: list(c.pre_start).map(hook),
    postStart: list(c.post_start).map(hook),
    preStop: list(c.pre_stop).map(hook),
    replicas: deploy.mode === 'global' ? 1 : Number(c.scale ?? deploy.replicas ?? 1),
    tty: c.tty === true,
    stdinOpen: c.stdin_open === true,
    init: c.init as boolean | undefined,
    privileged: c.privileged === true,
    readOnly: c.read_only === true,
    capAdd: texts(c.cap_add),
    capDrop: texts(c.cap_drop),
    securityOpt: texts(c.security_opt),
    sysctls: table(c.sysctls),
    ulimits: ulimits(c.ulimits),
    shmSize: bytes(c.shm_size),
    ipc: c.ipc as string | undefined,
    pid: c.pid as string | undefined,
    uts: c.uts as string | undefined,
    userns: c.userns_mode as string | undefined,
    cgroup: c.cgroup as string | undefined,
    cgroupParent: c.cgroup_parent as string | undefined,
    networkMode: c.network_mode as string | undefined,
    networks: networks(c.networks),
    macAddress: c.mac_address as string | undefined,
    ports: list(c.ports).map(port),
    expose: texts(c.expose),
    links: texts(c.links),
    externalLinks: texts(c.external_links),
    extraHosts: texts(c.extra_hosts),
    dns: texts(c.dns),
    dnsSearch: texts(c.dns_search),
    dnsOpt: texts(c.dns_opt),
    volumes: list(c.volumes).map(mount),
    volumesFrom: texts(c.volumes_from),
    tmpfs: texts(c.tmpfs),
    secrets: list(c.secrets).map(value => grant(value, '/run/secrets/')),
    configs: list(c.configs).map(value => grant(value, '/')),
    devices: list(c.devices).map(({ source, target, permissions }) => ({
      source: String(source),
      target: String(target ?? source),
      permissions: String(permissions ?? 'rwm'),
    })),
    deviceCgroupRules: texts(c.device_cgroup_rules),
    storageOpt: table(c.storage_opt),
    logging:
      c.logging === undefined
        ? undefined
        : given({
            driver: (c.logging as Canonical).driver as string | undefined,
            options: table((c.logging as Canonical).options),
          }),
    runtime: c.runtime as string | undefined,
    oomKillDisable: c.oom_kill_disable as boolean | undefined,
    oomScoreAdj: number(c.oom_score_adj),
    resources: resources(c, deploy),
    canonical: c,
  }) as Service
}

/** `deploy.restart_policy` wins over `restart`. */
function restartPolicy(c: Canonical, deploy: Canonical): string | undefined {
  const policy = deploy.restart_policy as Canonical | undefined
  if (!policy) return text(c.restart)
  const condition = policy.condition ?? 'any'
  if (condition === 'none') return 'no'
  if (condition === 'any') return 'always'
  const attempts = Number(policy.max_attempts ?? 0)
  return condition === 'on-failure' && attempts > 0 ? `on-failure:${attempts}` : String(condition)
}

function healthcheck(c: Canonical): Service['healthcheck'] {
  return given({
    test: c.test as readonly string[] | undefined,
    interval: duration(c.interval),
    timeout: duration(c.timeout),
    retries: number(c.retries),
    startPeriod: duration(c.start_period),
    startInterval: duration(c.start_interval),
    disable: c.disable === true,
  }) as NonNullable<Service['healthcheck']>
}

function hook(c: Canonical): Hook {
  return given({
    command: texts(c.command),
    image: c.image as string | undefined,
    user: c.user as string | undefined,
    privileged: c.privileged === true,
    workingDir: c.working_dir as string | undefined,
    environment: Object.entries((c.environment ?? {}) as Record<string, string | null>).flatMap(([key, value]) =>
      value === null ? [] : [`${key}=${value}`],
    ),
    perReplica: c.per_replica as boolean | undefined,
  }) as Hook
}

function ulimits(value: unknown): Service['ulimits'] {
  return Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, number | { soft: number; hard: number }>).map(([name, limit]) => [
      name,
      typeof limit === 'number' ? { soft: limit, hard: limit } : { soft: limit.soft, hard: limit.hard },
    ]),
  )
}

function networks(value: unknown): Service['networks'] {
  return Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, Canonical | null>).map(([key, endpoint]) => {
      const c = endpoint ?? {}
      const result = given({
        aliases: texts(c.aliases),
        ipv4Address: c.ipv4_address as string | undefined,
        ipv6Address: c.ipv6_address as string | undefined,
        linkLocalIps: texts(c.link_local_ips),
        macAddress: c.mac_address as string | undefined,
        interfaceName: c.interface_name as string | undefined,
        driverOpts: table(c.driver_opts),
        priority: Number(c.priority ?? 0),
        gwPriority: Number(c.gw_priority ?? 0),
      })
      return [key, result as ServiceNetwork]
    }),
  )
}

function port(c: Canonical): ServicePort {
  return given({
    target: Number(c.target ?? 0),
    published: c.published as string | undefined,
    hostIp: c.host_ip as string | undefined,
    protocol: (c.protocol ?? 'tcp') as ServicePort['protocol'],
    mode: c.mode as string | undefined,
    name: c.name as string | undefined,
    appProtocol: c.app_protocol as string | undefined,
  }) as ServicePort
}

function mount(c: Canonical): ServiceVolume {
  const bind = c.bind as Canonical | undefined
  const volume = c.volume as Canonical | undefined
  const tmpfs = c.tmpfs as Canonical | undefined
  const image = c.image as Canonical | undefined
  return given({
    type: c.type as ServiceVolume['type'],
    source: c.source as string | undefined,
    target: String(c.target ?? ''),
    readOnly: c.read_only === true,
    consistency: c.consistency as string | undefined,
    // The long form without a bind section does not make a source that is missing; every short form has the section.
    bind:
      bind &&
      given({
        createHostPath: bind.create_host_path !== false,
        propagation: text(bind.propagation),
        recursive: text(bind.recursive),
        selinux: text(bind.selinux),
      }),
    volume:
      volume &&
      given({
        nocopy: volume.nocopy === true,
        subpath: text(volume.subpath),
        labels: volume.labels === undefined ? undefined : table(volume.labels),
      }),
    tmpfs: tmpfs && given({ size: bytes(tmpfs.size), mode: number(tmpfs.mode) }),
    image: image && given({ subpath: text(image.subpath) }),
  }) as ServiceVolume
}

/** A relative target lies in the directory that such grants have. */
function grant(c: Canonical, directory: string): Service['secrets'][number] {
  const target = String(c.target ?? c.source)
  return given({
    source: String(c.source),
    target: target.startsWith('/') ? target : `${directory}${target}`,
    uid: text(c.uid),
    gid: text(c.gid),
    mode: c.mode === undefined ? undefined : Number.parseInt(String(c.mode), 8),
  }) as Service['secrets'][number]
}

/** Limits of `deploy.resources` win over the service's own, which must agree with them. */
function resources(c: Canonical, deploy: Canonical): Service['resources'] {
  const { limits = {}, reservations = {} } = (deploy.resources ?? {}) as Record<string, Canonical>
  const cpus = limits.cpus ?? c.cpus
  return given({
    memory: bytes(limits.memory ?? c.mem_limit),
    memoryReservation: bytes(reservations.memory ?? c.mem_reservation),
    memorySwap: bytes(c.memswap_limit),
    memorySwappiness: bytes(c.mem_swappiness),
    nanoCpus: cpus === undefined ? undefined : Math.round(Number(cpus) * 1e9),
    cpuShares: number(c.cpu_shares),
    cpuPeriod: number(c.cpu_period),
    cpuQuota: number(c.cpu_quota),
    cpuRealtimePeriod: number(c.cpu_rt_period),
    cpuRealtimeRuntime: number(c.cpu_rt_runtime),
    cpusetCpus: text(c.cpuset),
    pids: number(limits.pids ?? c.pids_limit),
    blkio: c.blkio_config as Canonical | undefined,
  }) as Service['resources']
}
