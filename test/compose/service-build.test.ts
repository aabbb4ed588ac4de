import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildOrder, type ServiceBuild, serviceBuild, withBuiltFrom } from '../../src/compose/build/service-build.ts'
import type { Project, Service } from '../../src/compose/project.ts'
import { project, service } from './projects.ts'

const built = (name: string, build: NonNullable<Service['build']>, more: Partial<Service> = {}) =>
  service(name, { build, image: `reg/${name}:1`, ...more })

function of(build: NonNullable<Service['build']>, it: Partial<Project> = {}): ServiceBuild {
  const web = built('web', build)
  const result = serviceBuild(project([web, built('base', { context: '/base' })], it), web)
  assert.ok(result)
  return result
}

test('a service without build is not built', () => {
  const web = service('web')
  assert.equal(serviceBuild(project([web]), web), undefined)
})

test('a context alone gets the defaults', () => {
  const { context, dockerfile, tags, noCache } = of({ context: '/app' })
  assert.deepEqual([context, dockerfile, tags, noCache], ['/app', { path: 'Dockerfile' }, ['reg/web:1'], false])
})

test('attestations that nobody asks for are no reason to refuse a file, others are', () => {
  assert.equal(of({ context: '/app', provenance: 'false', sbom: 'false', isolation: 'default' }).context, '/app')
  for (const more of [{ provenance: 'true' }, { provenance: 'mode=max' }, { sbom: 'true' }, { isolation: 'hyperv' }])
    assert.throws(() => of({ context: '/app', ...more }), { code: 'COMPOSE_NOT_SUPPORTED' })
})

test('every attribute arrives', () => {
  const secret = { key: 's', name: 'p_s', external: false, labels: {} }
  const result = of(
    {
      context: 'https://h/r.git',
      dockerfile_inline: 'FROM scratch',
      target: 't',
      args: { A: '1', B: null },
      labels: { x: 'y' },
      tags: ['more:1', 'reg/web:1'],
      cache_from: ['c:1'],
      cache_to: ['type=local,dest=/x'],
      no_cache: true,
      pull: true,
      platforms: ['linux/amd64'],
      network: 'none',
      extra_hosts: ['h=1.2.3.4'],
      shm_size: '67108864',
      ulimits: { nofile: 100, nproc: { soft: 1, hard: 2 } },
      privileged: true,
      entitlements: ['network.host'],
      secrets: [{ source: 's' }, { source: 'e', target: 'id' }],
      ssh: ['default', 'git=/agent'],
      additional_contexts: { img: 'docker-image://alpine', dir: '/dir', base: 'service:base' },
    },
    {
      secrets: { s: { ...secret, file: '/s' }, e: { ...secret, environment: 'TOKEN' } },
      environment: { TOKEN: 'value', SSH_AUTH_SOCK: '/own' },
    },
  )
  assert.deepEqual(result, {
    service: 'web',
    context: 'https://h/r.git',
    dockerfile: { text: 'FROM scratch' },
    target: 't',
    args: { A: '1' },
    labels: { x: 'y' },
    tags: ['reg/web:1', 'more:1'],
    cacheFrom: ['c:1'],
    cacheTo: ['type=local,dest=/x'],
    noCache: true,
    pull: true,
    platforms: ['linux/amd64'],
    network: 'none',
    extraHosts: ['h=1.2.3.4'],
    shmSize: 67108864,
    ulimits: { nofile: { soft: 100, hard: 100 }, nproc: { soft: 1, hard: 2 } },
    privileged: true,
    entitlements: ['network.host'],
    secrets: { s: { file: '/s' }, id: { value: 'value' } },
    ssh: { default: '/own', git: '/agent' },
    contexts: {
      img: { kind: 'image', reference: 'alpine' },
      dir: { kind: 'path', path: '/dir' },
      base: { kind: 'service', service: 'base' },
    },
  })
})

test('what cannot be had is an error', () => {
  assert.throws(() => of({ context: '/', secrets: [{ source: 'x' }] }), { code: 'COMPOSE_REFERENCE_UNDEFINED' })
  assert.throws(() => of({ context: '/', additional_contexts: { a: 'service:x' } }), {
    code: 'COMPOSE_REFERENCE_UNDEFINED',
  })
})

test('an image comes after those it is made of, and a circle is an error', () => {
  const on = (name: string, ...others: string[]) =>
    built(name, { context: '/', additional_contexts: Object.fromEntries(others.map(one => [one, `service:${one}`])) })
  const order = (...services: Service[]) => {
    const it = project(services)
    return buildOrder(services.flatMap(one => serviceBuild(it, one) ?? [])).map(build => build.service)
  }
  assert.deepEqual(order(on('a', 'b'), on('b', 'c'), on('c'), on('d')), ['c', 'b', 'a', 'd'])
  assert.throws(() => order(on('a', 'b'), on('b', 'a')), { code: 'COMPOSE_DEPENDENCY_CYCLE' })
  const a = on('a', 'b')
  assert.deepEqual(
    withBuiltFrom(project([a, on('b', 'c'), on('c')]), [a]).map(({ name }) => name),
    ['a', 'b', 'c'],
  )
})
