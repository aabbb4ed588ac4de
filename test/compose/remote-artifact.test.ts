import assert from 'node:assert/strict'
import { test } from 'node:test'
import { graphviz } from '../../src/compose/graph/graphviz.ts'
import {
  annotation,
  checkIsProject,
  mediaType,
  type ProjectFile,
  storedFiles,
} from '../../src/compose/remote/artifact.ts'

const file = (text: string, annotations: Record<string, string> = {}): ProjectFile => ({
  mediaType: mediaType.file,
  content: Buffer.from(text),
  annotations,
})
const env = (name: string | undefined): ProjectFile => ({
  mediaType: mediaType.envFile,
  content: Buffer.from('A=1\n'),
  ...(name !== undefined && { annotations: { [annotation.envFile]: name } }),
})

test('Compose files become documents of one file; what they name has its full path', () => {
  const name = `${'ab'.repeat(32)}.env`
  const stored = storedFiles(
    [
      file(`services: {a: {env_file: ${name}}}`),
      file('services: {}'),
      env(name),
      { mediaType: 'x/y', content: Buffer.alloc(0) },
    ],
    '/cache/d',
  )
  assert.deepEqual(Object.fromEntries(stored), {
    'compose.yaml': `services: {a: {env_file: /cache/d/${name}}}\n---\nservices: {}`,
    [name]: 'A=1\n',
  })
})

test('no name of an artifact leads out of its directory, or to the project itself', () => {
  const names = [
    '../../etc/passwd',
    '/etc/passwd',
    '..',
    '.',
    '',
    'a/b',
    'compose.yaml',
    '.hidden-file',
    'a\nb',
    undefined,
  ]
  for (const name of names)
    assert.throws(
      () => storedFiles([file('services: {}'), env(name)], '/cache'),
      { code: 'COMPOSE_REMOTE_INVALID' },
      name,
    )
  const extended = file('services: {}', { [annotation.extends]: 'true', [annotation.file]: '../x.yaml' })
  assert.throws(() => storedFiles([file('services: {}'), extended], '/cache'), { code: 'COMPOSE_REMOTE_INVALID' })
  assert.throws(() => storedFiles([env('abcdefghij.env')], '/cache'), { message: 'the artifact has no Compose file' })
})

test('an artifact is a project by its type, or by that of its config', () => {
  checkIsProject('a', mediaType.project, mediaType.ociEmpty)
  checkIsProject('a', '', mediaType.emptyConfig)
  for (const [type, config] of [
    ['', 'application/vnd.oci.image.config.v1+json'],
    ['application/vnd.cncf.helm', mediaType.emptyConfig],
  ] as const)
    assert.throws(() => checkIsProject('a', type, config), /a is not a compose project OCI artifact, but application/)
})

test('a graph for Graphviz: names are quoted, labels escaped', () => {
  const services = [
    { name: 'web', image: 'a<b', dependsOn: { db: { condition: 'service_healthy', required: false, restart: false } } },
    { name: 'db', image: 'c', dependsOn: {} },
  ] as never
  const options = { image: true, networks: false, ports: false, indentation: ' ' }
  assert.equal(
    graphviz('p', services, options),
    `digraph "p" {
 layout=dot;
 "db" [style="filled" label=<<font point-size="15">db</font><br/><b>image:</b><br/>c>];
 "web" [style="filled" label=<<font point-size="15">web</font><br/><b>image:</b><br/>a&lt;b>];
 "web" -> "db" [style="dashed"];
}
`,
  )
})
