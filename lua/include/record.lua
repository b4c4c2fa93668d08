-- What is written down of the host that announces: its record, the sums, the dates.

-- note_dates keeps when the transfer, and this host, started and completed. Completion
-- is known from left, since some clients say it late or never; it counts once a host.
local function note_dates(host, own)
  local fresh = not host.before
  local today = (event ~= '' or host.before ~= left) and rfc3339(now)
  if left ~= '0' and (event == 'started' or fresh and event ~= 'stopped') then
    if call('SETNX', first_started, today) == 1 then
      tell('started', call('GET', registered), today, transfer_name())
    end
    call('SET', last_started, today)
  end
  if left == '0' and not host.seeded and today then
    summary.downloaded = summary.downloaded + (date_completed(host) and 1 or 0)
  end
  if event ~= '' then
    call('HSET', own, 'last_event', event)
    if event ~= 'completed' then
      call('HSET', own, 'event:' .. event, today)
    end
  end
end

-- note_length takes the most that any host lacks as the length of a transfer that
-- nobody registered.
local function note_length()
  if left ~= '' and call('EXISTS', name) == 0
    and tonumber(left) > tonumber(call('GET', length) or 0) then
    call('SET', length, left)
  end
end

-- record writes the host's record and its rack's sums. A host whose state changes leaves
-- the live sets of the old one. Fields that each announce reads come first: Redis looks for them
-- from the beginning.
local function record(host, state)
  local own = record_key(host.address)
  if host.live and host.state ~= state then
    leave(host, state ~= 'gone' and 'changed' or left == '0' and 'finished' or 'stopped')
  end
  if not host.left then
    call('SADD', racks, host.rack)
  end
  if not host.before then
    enrol(host)
  end
  if auto ~= '' then
    note_length()
  end
  local came = left == '0' and (host.came or not host.before and now) or nil
  tally(host, left, came and (host.seeded or not host.before and downloaded == '0') or nil)
  host.state = state
  local news = not host.live or event ~= ''
  if news then
    call('HSET', own, 'peer_id', peer_id)
    note(host.address, 'key', key)
  end
  call('HSET', own, 'rack', host.rack, 'left', left, 'uploaded', uploaded, 'downloaded', downloaded,
    'last_seen', now)
  if news then
    note(host.address, 'also', host.also)
    call('HSET', own, 'compact', compact, 'port', string.match(host.address, '%d+$'), 'seeder',
      left == '0' and 'True' or 'False')
    note(host.address, 'hostname', hostname)
  end
  if not host.before and host.rack ~= location then
    call('HSET', own, 'rack6', location)
  end
  if came ~= host.came then
    host.came = came
    note(host.address, 'came', came or '')
    note(host.address, 'seeded', host.seeded and 'True' or '')
  end
  note_dates(host, own)
end
