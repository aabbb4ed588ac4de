import type { CommandTable } from './command.ts'

/**
 * Every command, in the order of the help text. A new command is a new row and its file; a group of commands is a table
 * like this one and a folder, both of the group's name.
 */
export const commands: CommandTable = {
  up: { summary: 'Create and start containers', load: () => import('./commands/up.ts'), asksOutside: true },
  down: { summary: 'Stop and remove containers and networks', load: () => import('./commands/down.ts') },
  ps: { summary: 'List containers', load: () => import('./commands/ps.ts') },
  logs: { summary: 'Show what containers have written', load: () => import('./commands/logs.ts') },
  exec: { summary: 'Run a command in a running container', load: () => import('./commands/exec.ts') },
  run: { summary: 'Run a one-off container of a service', load: () => import('./commands/run.ts'), asksOutside: true },
  start: { summary: 'Start containers that exist', load: () => import('./commands/start.ts') },
  stop: { summary: 'Stop containers', load: () => import('./commands/stop.ts') },
  restart: { summary: 'Restart containers', load: () => import('./commands/restart.ts') },
  build: { summary: 'Build images from Dockerfiles', load: () => import('./commands/build.ts'), asksOutside: true },
  pull: { summary: 'Fetch images', load: () => import('./commands/pull.ts'), asksOutside: true },
  push: {
    summary: 'Send the images of services to their registries',
    load: () => import('./commands/push.ts'),
    asksOutside: true,
  },
  create: {
    summary: 'Create containers without starting them',
    load: () => import('./commands/create.ts'),
    asksOutside: true,
  },
  rm: { summary: 'Remove stopped containers', load: () => import('./commands/rm.ts') },
  kill: { summary: 'Send a signal to containers', load: () => import('./commands/kill.ts') },
  pause: { summary: 'Freeze containers', load: () => import('./commands/pause.ts') },
  unpause: { summary: 'Let frozen containers go on', load: () => import('./commands/unpause.ts') },
  scale: { summary: 'Change the number of containers of services', load: () => import('./commands/scale.ts') },
  attach: { summary: 'Attach to a running container', load: () => import('./commands/attach.ts') },
  cp: { summary: 'Copy files to and from containers', load: () => import('./commands/cp.ts') },
  export: { summary: 'Write the files of a container as a tar archive', load: () => import('./commands/export.ts') },
  port: { summary: 'Show where a port is published', load: () => import('./commands/port.ts') },
  ports: {
    summary: 'List published ports, also as variables for other programs',
    load: () => import('./commands/ports.ts'),
  },
  top: { summary: 'List the processes in containers', load: () => import('./commands/top.ts') },
  stats: { summary: 'Show what containers use of the machine', load: () => import('./commands/stats.ts') },
  images: { summary: 'List the images of containers', load: () => import('./commands/images.ts') },
  ls: { summary: 'List projects', load: () => import('./commands/ls.ts') },
  events: { summary: 'Show what happens, as it happens', load: () => import('./commands/events.ts') },
  wait: { summary: 'Wait until containers have ended', load: () => import('./commands/wait.ts') },
  config: {
    summary: 'Check Compose files and print them in canonical form',
    aliases: ['convert'],
    load: () => import('./commands/config.ts'),
  },
  graph: { summary: 'Draw which service waits for which', load: () => import('./commands/graph.ts') },
  volumes: { summary: 'List volumes', load: () => import('./commands/volumes.ts') },
  watch: {
    summary: 'Carry changes of files into running containers',
    load: () => import('./commands/watch.ts'),
    asksOutside: true,
  },
  login: { summary: 'Log in to a registry', load: () => import('./commands/login.ts'), asksOutside: true },
  logout: { summary: 'Forget the login to a registry', load: () => import('./commands/logout.ts') },
  version: { summary: 'Show the version', load: () => import('./commands/version.ts') },
  completion: { summary: 'Completion for a shell: bash, zsh, fish', load: () => import('./commands/completion.ts') },
  __complete: { summary: 'What may stand at the cursor', hidden: true, load: () => import('./commands/complete.ts') },
  engine: {
    summary: 'The engine behind all this: status, start, stop',
    loadGroup: () => import('./commands/engine.ts'),
  },
  container: { summary: 'Manage containers', loadGroup: () => import('./commands/container.ts') },
  network: { summary: 'Manage networks', loadGroup: () => import('./commands/network.ts') },
  image: { summary: 'Manage images', loadGroup: () => import('./commands/image.ts') },
  volume: { summary: 'Manage volumes', loadGroup: () => import('./commands/volume.ts') },
  system: { summary: 'Look at everything at once', loadGroup: () => import('./commands/system.ts') },
}
