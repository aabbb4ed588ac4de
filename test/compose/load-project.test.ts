import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { generate, generatedFile } from '../../scripts/build-schemas.ts'
import { environmentLines, goJson, imageNames, serviceHash, serviceOrder } from '../../src/compose/config.ts'
import { loadModel } from '../../src/compose/load/index.ts'
import { variables } from '../../src/compose/load/variables.ts'
import { renderWhy, why } from '../../src/compose/load/why.ts'
import { TscomposeError } from '../../src/errors.ts'
import { loadFolder, projectFolder } from './load-folder.ts'

const full = `
name: demo
services:
  web:
    image: nginx:1.27
    build: .
    command: ["nginx", "-g", "daemon off; <&>"]
    environment: {B: "2", A: "1"}
    ports: ["8080:80"]
    depends_on: [db]
    scale: 2
    cpus: 0.1
    mem_limit: 64m
    ulimits: {nofile: 1024}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.1", memory: 64m}}}
    healthcheck: {test: curl localhost, interval: 10s}
  db:
    image: postgres
    volumes: ["data:/var/lib/postgresql"]
volumes: {data: {}}
`

test('the configuration hash is the one docker compose computes', async () => {
  await using folder = await projectFolder({ 'compose.yaml': full })
  const { project } = await loadFolder(folder)
  const { web, db } = project.services
  assert.ok(web && db)
  // As printed by docker compose's own code for this file.
  assert.equal(serviceHash(web), '9d2a2b7e9f52e4af85d6eeaba29cf6932af5ce6bdc27fbab9e23cffc475052aa')
  assert.equal(serviceHash(db), 'b6e35687ef2e4a20a5b3118f0e061fc53fb286b38abbe75566f31b626e509dde')
})

test('the configuration hash does not depend on what makes no other container', async () => {
  await using one = await projectFolder({ 'compose.yaml': full })
  const changed = full
    .replace('scale: 2', 'scale: 3')
    .replace('replicas: 2', 'replicas: 3')
    .replace('    build: .\n', '')
  await using other = await projectFolder({
    'compose.yaml': changed.replace('depends_on: [db]', 'pull_policy: always'),
  })
  const hash = async (folder: typeof one) => {
    const { web } = (await loadFolder(folder)).project.services
    return web && serviceHash(web)
  }
  assert.equal(await hash(one), await hash(other))
})

test('a project is typed: durations in milliseconds, sizes in bytes, long forms', async () => {
  await using folder = await projectFolder({ 'compose.yaml': full })
  const { project } = await loadFolder(folder)
  const { web, db } = project.services
  assert.deepEqual(web?.healthcheck, { test: ['CMD-SHELL', 'curl localhost'], interval: 10_000, disable: false })
  assert.deepEqual(web?.resources, { memory: 67_108_864, nanoCpus: 100_000_000 })
  assert.deepEqual(web?.ports, [{ target: 80, published: '8080', protocol: 'tcp', mode: 'ingress' }])
  assert.deepEqual(web?.ulimits, { nofile: { soft: 1024, hard: 1024 } })
  assert.deepEqual(web?.dependsOn, { db: { condition: 'service_started', restart: false, required: true } })
  assert.equal(web?.replicas, 2)
  assert.deepEqual(
    db?.volumes.map(({ type, source, target }) => ({ type, source, target })),
    [{ type: 'volume', source: 'data', target: '/var/lib/postgresql' }],
  )
  assert.equal(project.networks.default?.name, 'demo_default')
  assert.deepEqual(serviceOrder(project), ['db', 'web'])
  assert.deepEqual(imageNames(project), ['postgres', 'nginx:1.27'])
  assert.equal(project.origins.get('services.web.ports.0')?.line, 9)
  assert.equal(project.origins.get('services.web.nothing.here')?.line, 4)
})

test('a secret from a variable is known to the project and printed nowhere', async () => {
  await using folder = await projectFolder({
    'compose.yaml': 'services: {a: {image: a, secrets: [s]}}\nsecrets: {s: {environment: TOKEN}}\n',
    '.env': 'TOKEN=hush\n',
  })
  const { project } = await loadFolder(folder)
  assert.equal(project.secrets.s?.content, 'hush')
  assert.ok(!goJson(project.canonical).includes('hush'))
  assert.ok(environmentLines(project).includes('TOKEN=hush'))
})

test('the variables of a model, with defaults, without needing them', async () => {
  await using folder = await projectFolder({
    'compose.yaml': 'services: {a: {image: "${A:-${B-b}}:${C:?need}", command: "$D $$E ${F:+x}"}}\n',
  })
  const { root } = await loadModel({ cwd: folder.path, env: {}, noInterpolate: true })
  const plain = { DefaultValue: '', PresenceValue: '', Required: false }
  assert.deepEqual(variables(root), {
    A: { Name: 'A', ...plain, DefaultValue: '${B-b}' },
    B: { Name: 'B', ...plain, DefaultValue: 'b' },
    C: { Name: 'C', ...plain, Required: true },
    D: { Name: 'D', ...plain },
    F: { Name: 'F', ...plain, PresenceValue: 'x' },
  })
})

test('--why lists every candidate, the winner first, with places and reasons', async () => {
  await using folder = await projectFolder({
    'compose.yaml':
      'services:\n  base:\n    image: a\n    environment:\n      DEBUG: base\n  web:\n    extends: base\n    env_file: web.env\n    environment:\n      DEBUG: ${LEVEL:-1}\n',
    'compose.override.yaml':
      'services:\n  web:\n    environment:\n      - DEBUG=2\n    image: !reset null\n    build: .\n',
    'web.env': '# none\nDEBUG=file\nOTHER=file\n',
  })
  const { trace } = await loadFolder(folder)
  const debug = why('services.web.environment.DEBUG', trace)
  assert.equal(debug.won, true)
  assert.deepEqual(
    debug.candidates.map(({ value, where, lost }) => [value, `${where?.file}:${where?.line}`, lost?.split(' ')[1]]),
    [
      ['DEBUG=2', 'compose.override.yaml:4', undefined],
      ['DEBUG=1', 'compose.yaml:10', 'later'],
      ['DEBUG=base', 'compose.yaml:5', 'a'],
      ['file', 'web.env:2', 'wins'],
    ].map(([value, place, word]) => [
      value,
      place,
      word && debug.candidates.find(one => one.value === value)?.lost?.split(' ')[1],
    ]),
  )
  assert.equal(debug.candidates[1]?.template, '${LEVEL:-1}')
  assert.match(
    renderWhy(debug),
    /^services\.web\.environment\.DEBUG\n\* compose\.override\.yaml:4:9 +DEBUG=2\n {2}compose\.yaml:10/,
  )
  assert.equal(why('services.web.environment.OTHER', trace).candidates[0]?.where?.line, 3)
  const image = why('services.web.image', trace)
  assert.equal(image.won, false)
  assert.match(renderWhy(image), /services\.web\.image is not set any more\n.*a .*!reset/)
  assert.throws(() => why('services.web.enviroment', trace), {
    code: 'COMPOSE_VALUE_INVALID',
    fix: 'Did you mean "environment"?',
  })
})

test('--why tells what no file says', async () => {
  await using folder = await projectFolder({ 'compose.yaml': 'services: {a: {build: .}}\n' })
  const { trace } = await loadFolder(folder)
  assert.match(renderWhy(why('services.a.build.dockerfile', trace)), /\(implied\) {2}Dockerfile/)
})

test('the compiled schema is up to date; otherwise run scripts/build-schemas.ts', async () =>
  assert.ok((await readFile(generatedFile, 'utf8')) === (await generate())))

const hostile: readonly (readonly [string, string, string])[] = [
  ['brackets without end', `x-a: ${'['.repeat(100_000)}`, 'COMPOSE_YAML_LIMIT'],
  [
    'deep indentation',
    Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    'COMPOSE_YAML_LIMIT',
  ],
  ['too many values', `x-a: [${'0,'.repeat(150_000)}]`, 'COMPOSE_YAML_LIMIT'],
  [
    'nested defaults',
    `services: {a: {image: "${'${A:-'.repeat(5000)}${'}'.repeat(5000)}"}}`,
    'COMPOSE_TEMPLATE_INVALID',
  ],
  [
    'ranges of ports',
    `services:\n${Array.from({ length: 20 }, (_, n) => `  a${n}: {image: a, ports: ["1-65535"]}\n`).join('')}`,
    'COMPOSE_YAML_LIMIT',
  ],
]
for (const [name, text, code] of hostile)
  test(`a file with ${name} is refused`, async () => {
    await using folder = await projectFolder({ 'compose.yaml': text })
    await assert.rejects(loadFolder(folder), (error: unknown) => {
      assert.ok(error instanceof TscomposeError)
      assert.equal(error.code, code)
      return true
    })
  })

test('ten thousand services that depend on each other in a row are a project', async () => {
  const services = Array.from(
    { length: 10_000 },
    (_, n) => `  s${n}: {image: a${n > 0 ? `, depends_on: [s${n - 1}]` : ''}}\n`,
  )
  await using folder = await projectFolder({ 'compose.yaml': `services:\n${services.join('')}` })
  const { project } = await loadFolder(folder)
  assert.equal(serviceOrder(project).at(-1), 's9999')
})

test('three thousand services that extend each other in a row are a project', async () => {
  const services = Array.from({ length: 3000 }, (_, n) => `  s${n}: {extends: s${n + 1}}\n`)
  await using folder = await projectFolder({
    'compose.yaml': `services:\n${services.join('')}  s3000: {image: last}\n`,
  })
  assert.equal((await loadFolder(folder)).project.services.s0?.image, 'last')
})
