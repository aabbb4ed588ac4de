import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildQuery } from '../../src/engine/http/build-query.ts'
import { Query } from '../../src/engine/http/query.ts'

const parsed = (parameters: Record<string, string>) =>
  buildQuery(new Query(String(new URLSearchParams(parameters))), {})

test('what is JSON in the query of a build has the shape that it is to have', () => {
  const { BuildArgs, Labels, CacheFrom, ExtraHosts } = parsed({
    buildargs: '{"A":"1","B":null}',
    labels: 'null',
    cachefrom: '["a:1"]',
    extrahosts: '["a:1.2.3.4"]',
  })
  assert.deepEqual([BuildArgs, Labels, CacheFrom, ExtraHosts], [{ A: '1' }, undefined, ['a:1'], ['a:1.2.3.4']])
  for (const name of ['buildargs', 'labels', 'cachefrom', 'ulimits', 'extrahosts'])
    for (const value of ['[1]', '[', '["a",{}]'])
      assert.throws(() => parsed({ [name]: value }), { code: 'ENGINE_REQUEST_INVALID' }, `${name}=${value}`)
})
