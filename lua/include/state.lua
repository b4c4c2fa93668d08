-- The fields of a host's record that tell where it stands.

-- note writes a field of a record that most hosts do without.
local function note(addr, field, value)
  if value ~= '' then
    call('HSET', record_key(addr), field, value)
  else
    call('HDEL', record_key(addr), field)
  end
end

-- write_state writes down where a host stands. Most hosts need no field for it: that saves 32
-- bytes of some 350.
local function write_state(host)
  if host.state == 'gone' then
    call('HDEL', record_key(host.address), 'stamp')
  end
  local standing_on = table.concat(host.shelves, ' ')
  note(host.address, 'state', (host.state == 'paused' or host.state == 'gone') and host.state or '')
  note(host.address, 'shelves', standing_on ~= '1' and standing_on or '')
end
