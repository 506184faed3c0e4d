-- After a crash readings are fed again: whether a record's letter is there is asked by its reading.
CREATE INDEX dead_letters_by_reading ON dead_letters (flow_id, arrival_offset);
