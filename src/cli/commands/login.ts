import { text } from 'node:stream/consumers'
import { domainOf, keepCredentials, serverOf, storedCredentials } from '../../engine/client/registries.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import type { Define } from '../command.ts'
import { connect } from '../engine.ts'
import { askHidden, askLine } from '../prompt.ts'

interface LoginFlags {
  readonly username?: string
  readonly password?: string
  readonly passwordStdin?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVER]')
    .option('-u, --username <name>', 'The user')
    .option('-p, --password <password>', 'The password; seen by all in the list of processes')
    .option('--password-stdin', 'The password comes on standard input')
    .action(async (server = '', flags: LoginFlags) => {
      checkFlags(flags)
      if (flags.password !== undefined)
        cli.stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n')
      const domain = domainOf(server)
      const engine = await connect()
      const check = async (login: object) =>
        await engine.systemAuth({ ...login, serveraddress: serverOf(domain) }, cli.signal)
      const known = await storedCredentials(domain, cli.signal)
      if (known && flags.username === undefined && flags.password === undefined && !flags.passwordStdin) {
        cli.stdout.write('Authenticating with existing credentials...\n')
        if (await isAccepted(() => check(known))) return void cli.stdout.write('Login Succeeded\n')
        cli.stderr.write('Login did not succeed, error: the registry refuses the stored login\n')
      }
      const login = await loginOf(cli, flags, known?.username)
      const { IdentityToken: identitytoken } = await check(login)
      const keep = identitytoken ? { username: login.username, identitytoken } : login
      const kept = await keepCredentials(domain, keep, cli.signal)
      if ('plain' in kept)
        cli.stderr.write(
          `WARNING! Your password will be stored unencrypted in ${kept.plain}.\n` +
            'Configure a credential helper to remove this warning.\n',
        )
      cli.stdout.write('Login Succeeded\n')
    })

function checkFlags({ username, password, passwordStdin }: LoginFlags): void {
  if (!passwordStdin) return
  if (password !== undefined)
    throw new TscomposeError('CLI_FLAG', '--password and --password-stdin are mutually exclusive')
  if (username === undefined) throw new TscomposeError('CLI_FLAG', 'Must provide --username with --password-stdin')
}

async function isAccepted(check: () => Promise<unknown>): Promise<boolean> {
  try {
    await check()
    return true
  } catch (error) {
    if (error instanceof TscomposeError && error.code === 'REGISTRY_LOGIN_REFUSED') return false
    throw error
  }
}

/** What the flags leave open is asked for. */
async function loginOf(
  cli: Cli,
  { username, password, passwordStdin }: LoginFlags,
  suggested: string | undefined,
): Promise<{ username: string; password: string }> {
  if (username !== undefined && passwordStdin)
    return { username, password: (await text(cli.stdin)).replace(/\r?\n$/, '') }
  if (username !== undefined && password !== undefined) return { username, password }
  if (!cli.stdin.isTTY)
    throw new TscomposeError('CLI_FLAG', 'Cannot perform an interactive login from a non TTY device')
  const name = username ?? ((await askLine(cli, `Username${suggested ? ` (${suggested})` : ''}: `)) || suggested)
  if (!name) throw new TscomposeError('CLI_FLAG', 'username is required')
  const secret = password ?? (await askHidden(cli, 'Password: '))
  if (!secret) throw new TscomposeError('CLI_FLAG', 'password is required')
  return { username: name, password: secret }
}
