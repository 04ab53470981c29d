using Mnist;
using Samples;

var command = TrainingCommand.Create();
command.Subcommands.Add(ScanCommand.Create());
return await command.Parse(args).RunAsync();
