import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadProject } from '../../src/compose/load/index.ts'
import { planUp, upDefaults } from '../../src/compose/plan/up.ts'
import { temporaryDirectory } from '../temporary.ts'

/** Files that somebody has made to hurt, or a program without thinking: an answer or a clear error, in bounded memory. */
function load(t: TestContext, files: Readonly<Record<string, string>>) {
  const cwd = temporaryDirectory('hostile', t)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
  return loadProject({ cwd, env: {}, allResources: true })
}

const refused: Record<string, { files: Readonly<Record<string, string>>; code: string }> = {
  'aliases of aliases of aliases': {
    files: {
      'compose.yaml': `x-0: &a0 [${'x,'.repeat(10)}]\n${Array.from({ length: 20 }, (_, i) => `x-${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]\n`).join('')}services: { a: { image: x } }\n`,
    },
    code: 'COMPOSE_YAML_LIMIT',
  },
  'an alias within its own anchor': {
    files: { 'compose.yaml': 'services: &all { a: { image: x, labels: *all } }\n' },
    code: 'COMPOSE_YAML_LIMIT',
  },
  'brackets that never end': { files: { 'compose.yaml': '['.repeat(200_000) }, code: 'COMPOSE_YAML_LIMIT' },
  'mappings within mappings': {
    files: {
      'compose.yaml': `x-deep: ${'{a: '.repeat(50_000)}1${'}'.repeat(50_000)}\nservices: { a: { image: x } }\n`,
    },
    code: 'COMPOSE_YAML_LIMIT',
  },
  'a file that includes itself': {
    files: { 'compose.yaml': 'include: [other.yaml]\n', 'other.yaml': 'include: [compose.yaml]\n' },
    code: 'COMPOSE_INCLUDE_INVALID',
  },
  'services that extend each other': {
    files: {
      'compose.yaml':
        'services: { a: { image: x, extends: { service: b } }, b: { extends: { file: other.yaml, service: c } } }\n',
      'other.yaml': 'services: { c: { extends: { file: compose.yaml, service: a } } }\n',
    },
    code: 'COMPOSE_EXTENDS_INVALID',
  },
}
for (const [what, { files, code }] of Object.entries(refused))
  test(`${what}: an error that says so`, async t => {
    const before = process.memoryUsage.rss()
    await assert.rejects(load(t, files), { code })
    assert.ok(process.memoryUsage.rss() - before < 600e6, 'it takes little memory')
  })

test('50 MB of comment are read over', async t => {
  const { project } = await load(t, {
    'compose.yaml': `services: { a: { image: x } }\n# ${'-'.repeat(50 * 2 ** 20)}\n`,
  })
  assert.deepEqual(Object.keys(project.services), ['a'])
})

test('10,000 services are loaded', async t => {
  const names = Array.from({ length: 10_000 }, (_, i) => `  s${i}: { image: x }\n`)
  const { project } = await load(t, { 'compose.yaml': `services:\n${names.join('')}` })
  assert.equal(Object.keys(project.services).length, 10_000)
})

test('a chain of 5,000 dependencies is loaded and planned', async t => {
  const chain = Array.from(
    { length: 5000 },
    (_, i) => `  s${i}: { image: x${i > 0 ? `, depends_on: [s${i - 1}]` : ''} }\n`,
  )
  const { project } = await load(t, { 'compose.yaml': `services:\n${chain.join('')}` })
  const observed = { containers: [], hookContainers: [], networks: [], volumes: [], images: {} }
  const { steps } = planUp(project, observed, upDefaults)
  assert.equal(steps.at(-1)?.step.op, 'startContainer')
})
