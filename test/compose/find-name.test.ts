import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { findProjectName } from '../../src/compose/load/find-name.ts'
import { loadProject } from '../../src/compose/load/index.ts'
import { temporaryDirectory } from '../temporary.ts'

const folder = temporaryDirectory('name')
const directory = basename(folder).toLowerCase()

const services = 'services: {a: {image: x}}\n'
for (const [text, expected] of [
  [services, directory],
  [`name: plain\n${services}`, 'plain'],
  [`${services}name : late\n`, 'late'],
  [`"name": quoted\n${services}`, 'quoted'],
  [`"\\x6eame": escaped\n${services}`, 'escaped'],
  [`? name\n: explicit\n${services}`, 'explicit'],
  [`{"name": "flow", "services": {"a": {"image": "x"}}}`, 'flow'],
  [`  name: indented\n  ${services}`, 'indented'],
  [`x-a: &a {name: merged}\n<<: *a\n${services}`, 'merged'],
  [`name: \${FROM_ENV}\n${services}`, 'variable'],
  [`services: {a: {image: x, container_name: other}}\nnetworks: {n: {name: not-it}}\n`, directory],
  [`services:\n  a:\n    image: x\nnetworks:\n  n:\n    name: not-it\n`, directory],
] as const)
  test(`the name of ${JSON.stringify(text)} is that of the whole load`, async () => {
    writeFileSync(join(folder, 'compose.yaml'), text)
    const options = { cwd: folder, env: { FROM_ENV: 'variable' } }
    assert.equal((await findProjectName(options)).name, expected)
    assert.equal((await loadProject(options)).project.name, expected)
  })

test('flag and variable stand over the file, in this order', async () => {
  writeFileSync(join(folder, 'compose.yaml'), `name: file\n${services}`)
  const env = { COMPOSE_PROJECT_NAME: 'variable' }
  assert.equal((await findProjectName({ cwd: folder, env })).name, 'variable')
  assert.equal((await findProjectName({ cwd: folder, env, projectName: 'flag' })).name, 'flag')
})

test('no file is an error', async () =>
  assert.rejects(findProjectName({ cwd: '/proc', env: {} }), { code: 'COMPOSE_FILE_NOT_FOUND' }))
