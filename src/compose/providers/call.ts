import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { TscomposeError } from '../../errors.ts'

/** A line of a provider's standard output (compose-cli.md, "Providers"). */
interface Message {
  readonly type: string
  readonly message: string
}

/** What a provider wants its dependents to know: as `SERVICE_NAME`, or as it is. */
export interface ProviderVariables {
  readonly prefixed: Readonly<Record<string, string>>
  readonly raw: Readonly<Record<string, string>>
}

export interface Call {
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly tell: (message: string) => void
  readonly signal: AbortSignal
}

const failed = (message: string) => new TscomposeError('COMPOSE_PROVIDER_FAILED', message)

/**
 * Runs a provider's program to its end, and hears what it says.
 * @param action what it does, for the message if it fails: `create`
 * @throws TscomposeError COMPOSE_PROVIDER_FAILED
 */
export async function callProvider(call: Call, action: string): Promise<ProviderVariables> {
  const { program, args, env, tell, signal } = call
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'], signal })
  const ended = once(child, 'close')
  ended.catch(() => {})
  const prefixed: Record<string, string> = {}
  const raw: Record<string, string> = {}
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.trim() === '') continue
      const { type, message } = parse(line)
      if (type === 'error') throw failed(message)
      else if (type === 'info') tell(message)
      else if (type === 'setenv') set(prefixed, message)
      else if (type === 'rawsetenv') set(raw, message)
      else if (type !== 'debug') throw failed(`invalid response from plugin: ${type}`)
    }
  } catch (error) {
    child.kill()
    throw error
  }
  const [code, signalName] = await ended
  if (code !== 0) throw failed(`failed to ${action} service provider: ${signalName ?? `exit status ${code}`}`)
  return { prefixed, raw }
}

function parse(line: string): Message {
  try {
    const { type, message } = JSON.parse(line)
    if (typeof type === 'string' && typeof message === 'string') return { type, message }
  } catch {}
  throw failed(`invalid response from plugin: ${line}`)
}

function set(variables: Record<string, string>, text: string): void {
  const equals = text.indexOf('=')
  if (equals < 0) throw failed(`invalid response from plugin: ${text}`)
  variables[text.slice(0, equals)] = text.slice(equals + 1)
}

/** What a command of a provider takes, if the provider tells. */
export interface ProviderMetadata {
  readonly up?: CommandMetadata
  readonly down?: CommandMetadata
  readonly stop?: CommandMetadata
}
interface CommandMetadata {
  readonly parameters?: readonly { readonly name: string; readonly required?: boolean }[]
}

/** The answer of `PROG compose metadata`; undefined from programs that know no such command. */
export async function readMetadata({
  program,
  env,
  signal,
}: Pick<Call, 'program' | 'env' | 'signal'>): Promise<ProviderMetadata | undefined> {
  const child = spawn(program, ['compose', 'metadata'], { env, stdio: ['ignore', 'pipe', 'ignore'], signal })
  const ended = once(child, 'close')
  ended.catch(() => {})
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk
  const [code] = await ended
  if (code !== 0) return undefined
  try {
    const answer = JSON.parse(text)
    return answer?.up || answer?.down || answer?.stop ? answer : undefined
  } catch {
    return undefined
  }
}
