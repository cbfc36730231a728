module rollspec/podlab

go 1.26
