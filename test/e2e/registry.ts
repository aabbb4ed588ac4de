import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { root } from './machine.ts'

/** A registry on loopback that serves the test images as docker.io does, until the test ends. @returns its URL */
export async function startRegistry(t: TestContext, ...images: string[]): Promise<string> {
  const registry = spawn(join(root, 'test/images/registry'), ['run', ...images], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>(resolve => registry.once('exit', () => resolve()))
  t.after(async () => {
    registry.stdin.end()
    await ended
  })
  for await (const line of createInterface({ input: registry.stdout })) return line.trim()
  throw new Error('the registry ended without printing its URL')
}
