import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createRequest } from '../../src/cli/create/request.ts'
import { proxyVariables } from '../../src/engine/client/proxies.ts'

function configured(t: TestContext, text: string): NodeJS.ProcessEnv {
  const directory = mkdtempSync(join(tmpdir(), 'proxies-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'config.json'), text)
  return { DOCKER_CONFIG: directory }
}

const settings = JSON.stringify({ auths: {}, proxies: { default: { httpProxy: 'http://p:1', noProxy: 'a,b' } } })

test('proxies of the configuration have both spellings', t =>
  assert.deepEqual(proxyVariables(configured(t, settings)), {
    HTTP_PROXY: 'http://p:1',
    http_proxy: 'http://p:1',
    NO_PROXY: 'a,b',
    no_proxy: 'a,b',
  }))

test('without settings, or with a file that is none, there are no proxies', t => {
  for (const text of [
    '',
    '{',
    '{}',
    '{"proxies":{"tcp://elsewhere":{"httpProxy":"x"}}}',
    '{"proxies":{"default":{"httpProxy":1}}}',
  ])
    assert.deepEqual(proxyVariables(configured(t, text)), {}, text)
  assert.deepEqual(proxyVariables({ DOCKER_CONFIG: '/nonexistent' }), {})
})

test('a container gets them, but for what a flag names', t => {
  const flags = { env: ['HTTP_PROXY=own', 'no_proxy', 'A=1'] } as Parameters<typeof createRequest>[2]
  const sources = { cwd: '/', env: {}, read: () => '', proxies: proxyVariables(configured(t, settings)) }
  const { Env } = createRequest('i', [], flags, { stdin: false, stdout: true, stderr: true }, sources)
  assert.deepEqual(Env, ['http_proxy=http://p:1', 'NO_PROXY=a,b', 'HTTP_PROXY=own', 'no_proxy', 'A=1'])
})
