-- Hosts that count no more.

-- last_seen is when the host at an address announced last; one whose record was lost, never.
local function last_seen(addr)
  return tonumber(call('HGET', record_key(addr), 'last_seen')) or 0
end

-- forget removes every trace of a host; why is withdraw's. It keeps of it what its heirs need.
local function forget(host, why)
  if host.live then
    leave(host, why)
  end
  host.seen = last_seen(host.address)
  host.completed, host.downloaded = unpack(call('HMGET', record_key(host.address), 'event:completed', 'downloaded'))
  host.lacked = not host.seeded and host.left
  tally(host, nil)
  strike_off(host)
  forget_identity(host.id, host.address)
  call('DEL', record_key(host.address))
  if host.also ~= '' then
    call('DEL', record_key(host.also))
    write_machine(host.also, nil)
  end
  loaded[host.address] = nil
end
