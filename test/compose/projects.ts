import type { Dependency, HealthCheck, Project, Service } from '../../src/compose/project.ts'

/** A service with nothing said about it. */
export const service = (name: string, given: Partial<Service> = {}): Service => ({
  name,
  image: 'busybox',
  attach: true,
  groupAdd: [],
  environment: {},
  labels: {},
  annotations: {},
  profiles: [],
  dependsOn: {},
  postStart: [],
  preStop: [],
  replicas: 1,
  tty: false,
  stdinOpen: false,
  privileged: false,
  readOnly: false,
  capAdd: [],
  capDrop: [],
  securityOpt: [],
  sysctls: {},
  ulimits: {},
  networks: { default: network() },
  ports: [],
  expose: [],
  links: [],
  externalLinks: [],
  extraHosts: [],
  dns: [],
  dnsSearch: [],
  dnsOpt: [],
  volumes: [],
  volumesFrom: [],
  tmpfs: [],
  secrets: [],
  configs: [],
  devices: [],
  deviceCgroupRules: [],
  storageOpt: {},
  resources: {},
  canonical: {},
  ...given,
})

export const network = (given: Partial<Service['networks'][string]> = {}): Service['networks'][string] => ({
  aliases: [],
  linkLocalIps: [],
  driverOpts: {},
  priority: 0,
  gwPriority: 0,
  ...given,
})

export const project = (services: readonly Service[], given: Partial<Project> = {}): Project => ({
  name: 'demo',
  workingDir: '/demo',
  composeFiles: ['/demo/compose.yaml'],
  environment: {},
  profiles: [],
  services: Object.fromEntries(services.map(item => [item.name, item])),
  disabledServices: {},
  networks: {
    default: {
      key: 'default',
      name: 'demo_default',
      external: false,
      driverOpts: {},
      internal: false,
      attachable: false,
      labels: {},
    },
  },
  volumes: {},
  secrets: {},
  configs: {},
  origins: new Map(),
  ...given,
})

export const on = (condition: Dependency['condition'], given: Partial<Dependency> = {}): Dependency => ({
  condition,
  restart: false,
  required: true,
  ...given,
})

export const probe: HealthCheck = { test: ['CMD', 'true'], disable: false }
