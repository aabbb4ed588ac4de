import assert from 'node:assert/strict'
import { test } from 'node:test'
import { graphOf } from '../../src/compose/graph/graph.ts'
import { graphMermaid } from '../../src/compose/graph/mermaid.ts'
import { graphSvg } from '../../src/compose/graph/svg.ts'
import { graphText } from '../../src/compose/graph/text.ts'
import { on, service } from './projects.ts'

const graph = graphOf([
  service('web', { dependsOn: { api: on('service_started') } }),
  service('api', {
    dependsOn: {
      db: on('service_healthy'),
      migrate: on('service_completed_successfully'),
      cache: on('service_started', { required: false }),
    },
  }),
  service('migrate', { dependsOn: { db: on('service_healthy') } }),
  service('worker', { dependsOn: { migrate: on('service_completed_successfully') } }),
  service('db', { dependsOn: { elsewhere: on('service_started') } }),
  service('cache'),
])

test('as text each service that nobody waits for is the root of a tree', () =>
  assert.equal(
    graphText(graph),
    `web
└── api
    ├── cache (started, optional)
    ├── db (healthy)
    └── migrate (completed)
        └── db (healthy)
worker
└── migrate (completed) ...
`,
  ))

test('as Mermaid arrows lead to what is waited for', () => {
  const text = graphMermaid(graph)
  assert.match(text, /^flowchart LR\n/)
  assert.match(text, / {2}s0\["cache"\]\n {2}s1\["db"\]\n/)
  assert.match(text, / -->\|"healthy"\| s1\n/)
  assert.match(text, / -\.->\|"started, optional"\| s0\n/)
})

test('as SVG every service has a box, to the right of what it waits for, and no arrow passes beneath a box', () => {
  const svg = graphSvg(graph)
  const boxes = new Map(
    [...svg.matchAll(/<rect x="(\d+)" y="(\d+)" width="(\d+)".*?>(\w+)<\/text>/g)].map(([, x, y, width, name]) => [
      name ?? '',
      { x: Number(x), y: Number(y), width: Number(width) },
    ]),
  )
  assert.deepEqual([...boxes.keys()].sort(), [...graph.nodes].sort())
  for (const { from, to } of graph.edges) {
    const [first, then] = [boxes.get(to), boxes.get(from)]
    assert.ok(first && then && first.x + first.width < then.x, `${to} before ${from}`)
  }
  // `cache` and `db` are two columns away from `api`: their arrows have places of their own in the one between.
  const rows = [...svg.matchAll(/H(\d+)/g)].map(([, end]) => Number(end))
  assert.equal(rows.length, 2)
  const places = [...svg.matchAll(/,(\d+) H/g)].map(([, y]) => Number(y))
  assert.equal(new Set(places).size, 2)
})

test('nothing to draw is no error', () => {
  assert.equal(graphText(graphOf([])), '')
  assert.match(graphSvg(graphOf([])), /^<svg .*\n/)
})
