import type { EnginePaths } from './paths.ts'

export const UNIT = 'tscompose.service'

/** Those that say where an engine has its things, and who is asked for images; systemd.exec(5), Environment=. */
const kept = /^(TSCOMPOSE_(DATA|RUN|CONFIG)|(https?|no|all)_proxy)$/i

/**
 * The unit by which systemd starts the engine with the machine, systemd.service(5). A oneshot: the engine is the same that
 * any command starts, comes again when it is killed, and goes when nothing runs. Before the machine goes down containers
 * are ended in their own way, while the network is still there; whatever else is in the unit's cgroup is left alone.
 * @param program what `tscompose` is, as an absolute path
 */
export function renderUnit(program: string, { dataRoot }: EnginePaths, env: NodeJS.ProcessEnv): string {
  const variables = Object.entries(env).filter(([name, value]) => kept.test(name) && value)
  const command = quote(program.replaceAll('$', '$$$$'))
  return `# Written by \`tscompose engine enable\`; \`tscompose engine disable\` removes it.
[Unit]
Description=Containers of tscompose
Wants=network-online.target
After=network-online.target nss-lookup.target firewalld.service ufw.service nftables.service
RequiresMountsFor=${quote(dataRoot)}

[Service]
Type=oneshot
RemainAfterExit=yes
${variables.map(([name, value]) => `Environment=${quote(`${name}=${value}`)}\n`).join('')}ExecStart=${command} engine start
ExecStop=${command} engine stop --containers
TimeoutStartSec=5min
TimeoutStopSec=10min
KillMode=process

[Install]
WantedBy=multi-user.target
`
}

/** As systemd.syntax(7) reads it; "%" begins a specifier. */
const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`
