import { describe, expect, it } from 'vitest'
import { isPublic } from '../../src/webhooks/addresses.ts'
import { createTargets, parseAllowances, targetOf } from '../../src/webhooks/targets.ts'

const targets = (text = '') => createTargets(parseAllowances(text))
const mayAsk = (url: string, text = '') => targets(text).mayAsk(targetOf(url))
const mayReach = (url: string, address: string, text = '') =>
  targets(text).mayReach(targetOf(url), address)

describe('an address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])(
    '%s is public',
    (address) => expect(isPublic(address)).toBe(true),
  )

  it.each([
    ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255'],
    ...['192.168.1.1', '169.254.169.254', '100.64.0.1', '100.100.100.200', '192.0.0.192'],
    ...['168.63.129.16', '198.19.0.1', '224.0.0.1', '239.255.255.250', '240.0.0.1'],
    ...['255.255.255.255', '192.0.2.1', '198.51.100.1', '203.0.113.1'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::127.0.0.1'],
    ...['64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1', 'fc00::1', 'fd00:ec2::254'],
    ...['fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '2001:db8::1', '2001::1', '2002:7f00:1::'],
    ...['3fff::1', '100::1', '5f00::1', 'localhost', ''],
  ])('%s is not', (address) => expect(isPublic(address)).toBe(false))
})

describe('a target', () => {
  it('is over https, on port 443, at a public address', () => {
    expect(mayAsk('https://hooks.example.org/in')).toBe(true)
    expect(mayReach('https://hooks.example.org/in', '8.8.8.8')).toBe(true)
    expect(mayReach('https://hooks.example.org/in', '10.0.0.1')).toBe(false)
    expect(mayAsk('http://hooks.example.org/in')).toBe(false)
    expect(mayAsk('https://hooks.example.org:8443/in')).toBe(false)
    expect(mayAsk('http://hooks.example.org:443/in')).toBe(false)
    expect(mayAsk('https://8.8.8.8/in')).toBe(true)
  })

  it.each([
    ...['127.0.0.1', '127.1', '0x7f.1', '0x7f000001', '2130706433', '0177.0.0.1', '017700000001'],
    ...['127.0.0.1.', '①②⑦.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '[0:0:0:0:0:ffff:7f00:1]'],
    ...['[::ffff:7f00:1]', '[::]', '0', '0.0.0.0', '[64:ff9b::127.0.0.1]', '[fe80::1]'],
    ...[
      '169.254.169.254',
      '2852039166',
      '0xa9fea9fe',
      '[fd00:ec2::254]',
      '10.0.0.1',
      '192.168.257',
    ],
  ])('is not %s, however it is spelled', (host) => expect(mayAsk(`https://${host}/`)).toBe(false))

  it('may be a private address where the configuration names it, on the port that it names', () => {
    const text = '127.0.0.1:9000, [::1]:9000 10.2.0.0/16,[fd00:1::/32]:8443'
    expect(mayAsk('http://127.0.0.1:9000/in', text)).toBe(true)
    expect(mayAsk('https://127.0.0.1:9000/in', text)).toBe(true)
    expect(mayAsk('http://127.0.0.1:9001/in', text)).toBe(false)
    expect(mayAsk('http://127.0.0.2:9000/in', text)).toBe(false)
    expect(mayAsk('http://[::1]:9000/in', text)).toBe(true)
    expect(mayAsk('https://10.2.3.4/in', text)).toBe(true)
    expect(mayAsk('http://10.2.3.4/in', text)).toBe(true)
    expect(mayAsk('http://10.2.3.4:8080/in', text)).toBe(false)
    expect(mayAsk('https://10.3.0.1/in', text)).toBe(false)
    expect(mayAsk('https://[fd00:1::5]:8443/in', text)).toBe(true)
    expect(mayReach('https://hooks.internal/in', '10.2.9.9', text)).toBe(true)
    expect(mayReach('https://hooks.internal/in', '10.3.9.9', text)).toBe(false)
  })

  it('may be a host that the configuration names, wherever it is but at what holds credentials', () => {
    const text = 'hooks.internal:8080, other.example.org:8443'
    expect(mayAsk('http://hooks.internal:8080/in', text)).toBe(true)
    expect(mayAsk('http://elsewhere.internal:8080/in', text)).toBe(false)
    expect(mayReach('http://hooks.internal:8080/in', '10.0.0.1', text)).toBe(true)
    expect(mayReach('http://hooks.internal:8080/in', '169.254.169.254', text)).toBe(false)
    expect(mayReach('http://hooks.internal:8080/in', '::ffff:169.254.169.254', text)).toBe(false)
    expect(mayReach('https://other.example.org:8443/in', '8.8.8.8', text)).toBe(true)
    expect(mayReach('https://hooks.internal/in', '10.0.0.1', text)).toBe(false)
  })

  it.each([
    '10.0.0.0/33',
    '[::1]/8',
    '10.0.0.0/',
    'host:0',
    'host:70000',
    'http://host',
    'a_b',
    '[x]',
  ])('is not excepted by %s', (text) => expect(() => parseAllowances(text)).toThrow(RangeError))
})
