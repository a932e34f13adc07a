/** What mutations start from: each has what others lack. */
export const corpus: readonly string[] = [
  `global
  maxconn 2000
  setenv ZONE "eu west"
  stats socket /run/haproxy.sock mode 600 level admin

defaults base
  mode http
  timeout connect 1s # short
  default-server check inter 2s

frontend web from base
  bind :80
  use_backend %[req.hdr(host),lower,map_str(/maps/hosts.map,app)]

backend app from base
  balance roundrobin
  server a 10.0.0.1:80 weight 3
  server b 10.0.0.2:80 disabled maxconn 10
  server c [fd00::1]:8080 backup
`,
  `.if version_atleast(3.0) && !defined(OLD)
defaults
  mode tcp
.elif streq("$KIND",'odd one') || feature(OPENSSL)
defaults
  mode http
.else
  .alert "no"
.endif
listen both
  bind "\${ADDRESS-127.0.0.1}:\${PORT}" ssl crt '/etc/a b.pem'
  acl x path_reg ^/a\\ b\\x2f$ -i
  http-request set-header X-Y "%[src] \\"q\\" \${LIST[*]}" if x
  server s 10.0.0.9:1 check sni str(a)
`,
  'userlist people\n  group g users tom\n  user tom insecure-password "a#b"\n' +
    'peers mates\r\n  bind :10000\r\n  server me\r\n  peer you 10.0.0.2:10000\r\n' +
    'resolvers dns\n\tnameserver one 10.0.0.53:53\n\thold valid 10s\n',
  `cache small
  total-max-size 4
ring lines
  format rfc5424
  server log 10.0.0.4:514
program helper
  command /bin/true
http-errors pages
  errorfile 503 /errors/503.http
mailers post
  mailer m 10.0.0.25:25
defaults
defaults from base
backend pool
  default-server inter 1s
  server-template web 1-5 web.example:80 check
  default-server weight 5
  server late 10.0.1.1:80
global
  nbthread 2`,
  '# only a comment',
  '',
  '\n\n \t\r\n',
  '"back"end \'x\'\n  "ser"ver a 10.0.0.1:80 # it\'s\n  default\\x2dserver check\n',
]

/** Words and signs that mean something to some part of the parser. */
export const pieces: readonly string[] = [
  ...`" ' \\ $ { } # \\x41 \\x \\x4 \\" "" '' "$A" "\${A}" "\${A[*]}" "$ \${ [*] $.LINE`.split(' '),
  ...'.if .elif .else .endif ( ) ! && || , 0 1 -1 defined( version_atleast(3.0)'.split(' '),
  ...'streq(a,b) feature(X) from server weight inter 1s 10.0.0.3:80 [::1]:80 é 🙂'.split(' '),
  ...' from base| weight 7| maxconn 3| disabled| check|"${A-b c}"|\\ |map_str(/maps/hosts.map)'.split(
    '|',
  ),
  ' ',
  '\t',
  '\v',
  '\f',
  '\r',
  '\n',
  '\0',
  '\u0001',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '/maps/hosts.map',
  '\n.if 1\n',
  '\n.endif\n',
  '\nglobal\n',
  '\ndefaults',
  '\nbackend app\n',
  '\nlisten ',
  '\npeers ',
  '\n  server a 10.0.0.1:80',
  '\n  default-server check',
]
