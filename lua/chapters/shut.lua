-- shut makes a transfer inactive: no announce finds it active any more, nor does it register
-- itself. `archive` archives its keys, which are kept for so many seconds. how: what `closed` says
-- behind the date; how_long: what `deregistered` does.
local function shut(kept, how, how_long)
  -- Two archives of one transfer must not meet, even within a second.
  local moment = now
  while call('EXISTS', rfc3339(moment) .. ':' .. key('registered')) == 1 and moment < now + 60 do
    moment = moment + 1
  end
  local datetime = rfc3339(moment)
  call('SET', key('deregistered'), datetime .. how_long)
  call('SET', key('closed'), datetime .. how, 'KEEPTTL') -- expires from the end of the archive on
  for _, name in ipairs({ key('registered'), key('summary') }) do
    if call('EXISTS', name) == 1 then
      call('RENAME', name, datetime .. ':' .. name)
      call('EXPIRE', datetime .. ':' .. name, kept)
    end
  end
end
